/// An activation function that an operator can apply to its result while it writes it.
public enum FusedActivation: Sendable, Equatable {
  case none, relu, relu6
  case leakyReLU(slope: Float)
  /// Between 0 and `max`.
  case clip(max: Float)
  case silu
  /// `x · relu6(x + 3) / 6`
  case hardSwish
  case sigmoid
  /// The exact form, with the error function.
  case gelu

  /// The activation of the same meaning, if operators can fuse it.
  public init?(_ operation: UnaryOperation) {
    switch operation {
    case .relu: self = .relu
    case .relu6: self = .relu6
    case .leakyReLU(let slope): self = .leakyReLU(slope: slope)
    case .clamp(min: 0, let max) where max > 0: self = max == .infinity ? .relu : .clip(max: max)
    case .silu: self = .silu
    case .hardSwish: self = .hardSwish
    case .sigmoid: self = .sigmoid
    case .gelu: self = .gelu
    default: return nil
    }
  }

  /// The same function as an operator of its own; `nil` for `.none`.
  public var operation: UnaryOperation? {
    switch self {
    case .none: nil
    case .relu: .relu
    case .relu6: .relu6
    case .leakyReLU(let slope): .leakyReLU(slope: slope)
    case .clip(let max): .clamp(min: 0, max: max)
    case .silu: .silu
    case .hardSwish: .hardSwish
    case .sigmoid: .sigmoid
    case .gelu: .gelu
    }
  }
}

extension Tensor {
  /// The activation of every element; the tensor itself for `.none`.
  public func activated(_ activation: FusedActivation) -> Tensor {
    activation.operation.map { applying($0) } ?? self
  }
}
