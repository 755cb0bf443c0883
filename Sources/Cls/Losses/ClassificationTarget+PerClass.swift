import Core

extension ClassificationTarget {
  /// The target as one value for each class, `[N, C]`: labels become one-hot.
  ///
  /// - Parameter scores: what the target is compared with, `[N, C]`.
  /// - Throws: `InvalidConfig` unless labels are classes of `scores` and soft targets have its shape.
  func perClass(like scores: Tensor, _ loss: StaticString) throws -> Tensor {
    let classes = scores.shape[1]
    switch self {
    case .labels(let labels):
      try Self.check(labels, scores, loss)
      return labels.oneHot(classes: classes)
    case .scores(let soft):
      guard soft.shape == scores.shape else {
        throw InvalidConfig(
          "\(loss): a target for each class of each image, \(scores.shape), found \(soft.shape)")
      }
      return soft
    }
  }

  /// - Throws: `InvalidConfig` unless there is a label for each row of `scores`, and each is one of its classes.
  static func check(_ labels: Tensor, _ scores: Tensor, _ loss: StaticString) throws {
    guard labels.shape == [scores.shape[0]] else {
      throw InvalidConfig("\(loss): a label for each of \(scores.shape[0]) images, found \(labels.shape)")
    }
    let classes = Int64(scores.shape[1])
    if let label = labels.elements(as: Int64.self).first(where: { $0 < 0 || $0 >= classes }) {
      throw InvalidConfig("\(loss): labels must be in 0..<\(classes), found \(label)")
    }
  }
}
