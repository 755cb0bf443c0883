import Core

/// What a classification loss is compared with.
public enum ClassificationTarget {
  /// One class an image: `[N]`, `int64`.
  case labels(Tensor)
  /// A weight for every class of every image: `[N, C]`, `float32` (mixed images, several labels).
  case scores(Tensor)
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
