/// What becomes of the losses of the single elements.
public enum LossReduction: String, Sendable, CaseIterable {
  case none, mean, sum
}

extension Tensor {
  /// This tensor of losses, reduced.
  public func reduced(_ reduction: LossReduction) -> Tensor {
    switch reduction {
    case .none: self
    case .mean: mean()
    case .sum: sum()
    }
  }
}
