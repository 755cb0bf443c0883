// Activations with exponentials in them. Each mirrors the layer of its name in `torch.nn`.

/// `1 / (1 + exp(-x))`
public final class Sigmoid: Module, UnaryModule {
  public func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid() }
}

/// The hyperbolic tangent.
public final class Tanh: Module, UnaryModule {
  public func callAsFunction(_ x: Tensor) -> Tensor { x.tanh() }
}

/// `x · sigmoid(x)`, also called Swish.
public final class SiLU: Module, UnaryModule {
  public func callAsFunction(_ x: Tensor) -> Tensor { x.silu() }
}

/// mmcv's name for `SiLU`.
public typealias Swish = SiLU

/// `x · Φ(x)` with the normal distribution function, exact or by a hyperbolic tangent.
///
/// Hendrycks and Gimpel, "Gaussian Error Linear Units", https://arxiv.org/abs/1606.08415.
public final class GELU: Module, UnaryModule {
  /// Whether Φ is approximated by a hyperbolic tangent.
  public let isApproximate: Bool

  public init(approximate: Bool = false) { isApproximate = approximate }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.applying(isApproximate ? .geluTanh : .gelu) }
}

/// `x · tanh(log(1 + exp(x)))`
public final class Mish: Module, UnaryModule {
  public func callAsFunction(_ x: Tensor) -> Tensor { x.applying(.mish) }
}

/// `log(1 + exp(beta · x)) / beta`; `x` itself where `beta · x` exceeds `threshold`.
public final class Softplus: Module, UnaryModule {
  public let beta, threshold: Float

  public init(beta: Float = 1, threshold: Float = 20) { (self.beta, self.threshold) = (beta, threshold) }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.applying(.softplus(beta: beta, threshold: threshold))
  }
}

/// `exp(x) / Σ exp(x)` along an axis.
public final class Softmax: Module, UnaryModule {
  public let axis: Int

  public init(axis: Int = -1) { self.axis = axis }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.softmax(axis) }
}
