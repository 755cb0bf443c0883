// Piecewise linear and quadratic activations.

/// `x · relu6(x + 3) / 6`
///
/// Howard et al., "Searching for MobileNetV3", https://arxiv.org/abs/1905.02244. Mirrors mmcv's `HSwish` and
/// `torch.nn.Hardswish`.
public final class HSwish: Module, UnaryModule {
  public func callAsFunction(_ x: Tensor) -> Tensor { x.applying(.hardSwish) }
}

/// `clamp((x + bias) / divisor, min, max)`
///
/// Mirrors mmcv's `HSigmoid`; its versions up to 1.4.4 had 1 and 2 for `bias` and `divisor`.
public final class HSigmoid: Module, UnaryModule {
  public let bias, divisor, min, max: Float

  public init(bias: Float = 3, divisor: Float = 6, min: Float = 0, max: Float = 1) {
    precondition(divisor != 0, "HSigmoid: the divisor must not be 0")
    (self.bias, self.divisor, self.min, self.max) = (bias, divisor, min, max)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.applying(.hardSigmoid(bias: bias, divisor: divisor, min: min, max: max))
  }
}

/// `min(max(x, min), max)`
///
/// Mirrors mmcv's `Clamp`.
public final class Clamp: Module, UnaryModule {
  public let min, max: Float

  public init(min: Float = -1, max: Float = 1) { (self.min, self.max) = (min, max) }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.clamped(min: min, max: max) }
}
