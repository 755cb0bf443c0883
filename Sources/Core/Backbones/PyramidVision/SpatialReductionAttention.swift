/// Attention of all tokens of a map to a smaller version of it.
///
/// Wang et al., 2021, section 3.3 (<https://arxiv.org/abs/2102.12122>). Mirrors mmdet's `SpatialReductionAttention` and
/// mmseg's `EfficientMultiheadAttention`: keys `attn`, `sr` and `norm`.
///
/// - Input: tokens of a map, `[N, H · W, width]`; the output has the same shape.
final class SpatialReductionAttention: Module {
  let attn: MultiheadAttention
  let projDrop: Dropout
  let dropoutLayer: any UnaryModule
  let sr: Conv2d?
  let norm: (any NormLayer)?

  init(_ width: Int, heads: Int, ratio: Int, _ options: PyramidLayerOptions) {
    attn = MultiheadAttention(
      width, heads: heads, dropout: options.attentionDropout, bias: options.qkvBias)
    projDrop = Dropout(options.dropout)
    dropoutLayer = DropPath(options.dropPath)
    sr = ratio > 1 ? Conv2d(width, width, kernel: Pair(ratio), stride: Pair(ratio)) : nil
    norm = ratio > 1 ? options.norm.make(width) : nil
  }

  /// - Parameter identity: what is added to the result; nothing if it is `nil`.
  func callAsFunction(_ x: Tensor, _ size: Pair, identity: Tensor?) -> Tensor {
    let y: Tensor
    if let sr, let norm {
      y = attn(query: x, memory: norm(sr(x.tokensAsMap(size)).mapAsTokens()))
    } else {
      y = attn(x)
    }
    let dropped = dropoutLayer(projDrop(y))
    return identity.map { $0 + dropped } ?? dropped
  }
}

/// What one layer of a pyramid is made of.
struct PyramidLayerOptions: Sendable {
  var dropout: Float = 0
  var attentionDropout: Float = 0
  var dropPath: Float = 0
  var qkvBias = true
  var activation = ActivationConfig.function(.gelu)
  var norm = NormConfig.layerNorm()
  /// Whether the feed-forward network has a 3x3 convolution.
  var hasConvolution = false
}
