import Core

/// What a classification loss is compared with.
public enum ClassificationTarget {
  /// One class an image: `[N]`, `int64`.
  case labels(Tensor)
  /// A weight for every class of every image: `[N, C]`, `float32` (mixed images, several labels).
  case scores(Tensor)
}

extension ClassificationTarget {
  /// - Throws: `InvalidConfig` unless the target fits `scores`, `[N, C]`: labels are classes, soft targets have its shape.
  func check(against scores: Tensor) throws {
    let classes = scores.shape[1]
    switch self {
    case .labels(let labels):
      guard labels.shape == [scores.shape[0]] else {
        throw InvalidConfig(
          "a loss needs a label for each of \(scores.shape[0]) images, found shape \(labels.shape)")
      }
      if let label = labels.elements(as: Int64.self).first(where: { $0 < 0 || $0 >= classes }) {
        throw InvalidConfig(
          "labels must be in 0..<\(classes), found \(label): the head has too few classes for the data set")
      }
    case .scores(let soft):
      guard soft.shape == scores.shape else {
        throw InvalidConfig("targets must have the shape of the scores, \(scores.shape), found \(soft.shape)")
      }
    }
  }
}

/// A loss between scores `[N, C]` (logits) and targets.
public protocol ClassificationLoss: Module {
  /// - Parameters:
  ///   - weight: of each image, `[N]`.
  ///   - averageFactor: what the sum is divided by; the number of elements if `nil`.
  /// - Returns: one number, or one for each element with reduction `none`.
  func callAsFunction(
    _ scores: Tensor, _ target: ClassificationTarget, weight: Tensor?, averageFactor: Double?
  ) throws -> Tensor
}

extension LossReduction {
  /// The weighted elements, reduced. An average factor takes the place of the number of elements.
  func callAsFunction(_ loss: Tensor, weight: Tensor?, averageFactor: Double?) throws -> Tensor {
    let weighted = weight.map { loss * $0 } ?? loss
    switch (self, averageFactor) {
    case (.none, _): return weighted
    case (.mean, nil): return weighted.mean()
    case (.mean, let factor?): return weighted.sum() / Float(factor)
    case (.sum, nil): return weighted.sum()
    case (.sum, _): throw InvalidConfig("an average factor does not go with reduction 'sum'")
    }
  }
}

extension Registries {
  /// Losses of classification heads.
  public var classificationLosses: Registry<any ClassificationLoss> {
    get { self[(any ClassificationLoss).self, role: "loss"] }
    set { self[(any ClassificationLoss).self, role: "loss"] = newValue }
  }
}
