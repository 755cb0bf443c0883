// Rectifiers. Each mirrors the layer of its name in `torch.nn`.

/// `max(0, x)`
public final class ReLU: Module, UnaryModule {
  public func callAsFunction(_ x: Tensor) -> Tensor { x.relu() }
}

/// `min(max(0, x), 6)`
public final class ReLU6: Module, UnaryModule {
  public func callAsFunction(_ x: Tensor) -> Tensor { x.relu6() }
}

/// `x` where it is positive, else `slope · x`
public final class LeakyReLU: Module, UnaryModule {
  public let slope: Float

  public init(slope: Float = 0.01) { self.slope = slope }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.applying(.leakyReLU(slope: slope)) }
}

/// `x` where it is positive, else `weight · x` with a slope for each channel (axis 1) or one for all.
///
/// He et al., "Delving Deep into Rectifiers", https://arxiv.org/abs/1502.01852.
public final class PReLU: Module, UnaryModule {
  /// `[parameters]`
  public let weight: Parameter
  private let start: Double

  public init(parameters: Int = 1, start: Double = 0.25) {
    precondition(parameters > 0, "PReLU: at least one parameter, found \(parameters)")
    weight = Parameter(.full([parameters], start))
    self.start = start
  }

  /// - Parameter x: `[N, C, ...]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.prelu(weight.value) }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.constant(weight, start)
  }
}

/// `x` where it is positive, else `alpha · (exp(x) - 1)`
public final class ELU: Module, UnaryModule {
  public let alpha: Float

  public init(alpha: Float = 1) { self.alpha = alpha }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.applying(.elu(alpha: alpha)) }
}
