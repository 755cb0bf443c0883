/// A convolution in two steps: each channel for itself, then a 1x1 convolution over all.
///
/// Howard et al., 2017, section 3.1 (<https://arxiv.org/abs/1704.04861>). Mirrors mmcv's `DepthwiseSeparableConvModule`:
/// both steps have a norm and an activation.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H', W']`
public final class DepthwiseSeparableConvModule: Module, UnaryModule {
  public let depthwiseConv: ConvModule
  public let pointwiseConv: ConvModule

  /// - Parameter depthwise: norm and activation of the first step, where they differ from those of `style`.
  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    style: ConvStyle, depthwise: ConvStyle? = nil
  ) {
    let first = depthwise ?? style
    depthwiseConv = ConvModule(
      inChannels, inChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: inChannels,
      conv: first.conv, norm: first.norm, activation: first.activation)
    pointwiseConv = style.make(inChannels, outChannels, kernel: 1)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { pointwiseConv(depthwiseConv(x)) }
}
