/// A feed-forward network of 1x1 convolutions, perhaps with a 3x3 convolution of single channels behind the first one.
///
/// Xie et al., 2021, section 3.1 (<https://arxiv.org/abs/2105.15203>). Mirrors the `MixFFN` of mmdet and mmseg.
///
/// - Input: tokens of a map, `[N, H · W, width]`; the output has the same shape.
final class MixFeedForward: Module {
  let layers: Sequential
  let dropoutLayer: any UnaryModule

  init(_ width: Int, hidden: Int, _ options: PyramidLayerOptions) {
    var layers: [any UnaryModule] = [Conv2d(width, hidden, kernel: 1)]
    if options.hasConvolution {
      layers.append(Conv2d(hidden, hidden, kernel: 3, padding: 1, groups: hidden))
    }
    layers += [
      options.activation.make(), Dropout(options.dropout), Conv2d(hidden, width, kernel: 1),
      Dropout(options.dropout),
    ]
    self.layers = Sequential(layers)
    dropoutLayer = DropPath(options.dropPath)
  }

  func callAsFunction(_ x: Tensor, _ size: Pair, identity: Tensor) -> Tensor {
    identity + dropoutLayer(layers(x.tokensAsMap(size)).mapAsTokens())
  }
}
