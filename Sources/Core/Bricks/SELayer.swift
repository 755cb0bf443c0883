/// Squeeze and excitation: scales each channel by a factor that is worked out from the means of all.
///
/// Hu et al., 2017, section 3 (<https://arxiv.org/abs/1709.01507>). Mirrors the `SELayer` of the original suites: global
/// average pooling, two 1x1 convolutions with activations, a product.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
public final class SELayer: Module, UnaryModule {
  public let conv1: ConvModule
  public let conv2: ConvModule

  /// - Parameters:
  ///   - squeezed: channels between the convolutions; by default `channels / ratio`, made a multiple of `divisor`.
  ///   - activations: behind the first and the second convolution.
  public init(
    _ channels: Int, squeezed: Int? = nil, ratio: Int = 16, divisor: Int = 8, conv: ConvConfig = .plain,
    activations: (ActivationConfig, ActivationConfig) = (.relu, .function(.sigmoid))
  ) {
    precondition(
      ratio > 0 && divisor > 0, "SELayer: a positive ratio and divisor, found \(ratio), \(divisor)")
    let squeezed = squeezed ?? makeDivisible(Double(channels / ratio), by: divisor)
    conv1 = ConvModule(channels, squeezed, kernel: 1, conv: conv, activation: activations.0)
    conv2 = ConvModule(squeezed, channels, kernel: 1, conv: conv, activation: activations.1)
  }

  /// The factors, `[N, channels, 1, 1]`.
  public func weights(_ x: Tensor) -> Tensor { conv2(conv1(x.globalAvgPool2d())) }

  public func callAsFunction(_ x: Tensor) -> Tensor { x * weights(x) }
}
