import Core

/// Convolves a map and scales its channels by their means.
///
/// Yu et al., "BiSeNet", 2018, section 3.2 (<https://arxiv.org/abs/1808.00897>). Mirrors mmseg's
/// `AttentionRefinementModule`, which is built with batch normalisation always.
final class AttentionRefinement: Module, UnaryModule {
  let convLayer: ConvModule
  let attenConvLayer: Sequential

  init(_ inChannels: Int, _ outChannels: Int) {
    convLayer = ConvStyle.standard.make(inChannels, outChannels, kernel: 3, padding: 1)
    attenConvLayer = Sequential([
      AdaptiveAvgPool2d(1), ConvStyle(norm: .batchNorm).make(outChannels, outChannels, kernel: 1),
      Activation(.sigmoid),
    ])
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = convLayer(x)
    return y * attenConvLayer(y)
  }
}
