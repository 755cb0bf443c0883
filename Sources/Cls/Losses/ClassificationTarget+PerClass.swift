import Core

extension ClassificationTarget {
  /// The target as one value for each class, `[N, C]`: labels become one-hot.
  ///
  /// - Parameter scores: what the target is compared with, `[N, C]`.
  /// - Throws: `InvalidConfig` unless labels are classes of `scores` and soft targets have its shape.
  func perClass(like scores: Tensor) throws -> Tensor {
    try check(against: scores)
    switch self {
    case .labels(let labels): return labels.oneHot(classes: scores.shape[1])
    case .scores(let soft): return soft
    }
  }
}
