/// Attention within windows that are never shifted.
///
/// Chu et al., 2021, section 3.2 (<https://arxiv.org/abs/2104.13840>). Mirrors the `LocallyGroupedSelfAttention` of mmcls and
/// mmseg: keys `qkv` and `proj`.
///
/// - Input: tokens of a map, `[N, H · W, width]`; the output has the same shape.
final class LocallyGroupedAttention: Module {
  let qkv: Linear
  let proj: Linear
  let projDrop: Dropout
  private let heads: Int
  private let window: Int
  private let attentionDropout: Float

  init(_ width: Int, heads: Int, window: Int, qkvBias: Bool, attentionDropout: Float, dropout: Float) {
    qkv = Linear(width, 3 * width, bias: qkvBias)
    proj = Linear(width, width)
    projDrop = Dropout(dropout)
    (self.heads, self.window, self.attentionDropout) = (heads, window, attentionDropout)
  }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    let y = Tensor.windowAttention(
      packed: qkv(x), WindowLayout(size, window: window, separation: .padding), heads: heads,
      padding: qkv.bias?.value, dropout: isTraining ? attentionDropout : 0)
    return projDrop(proj(y))
  }
}

/// Attention of all tokens of a map to a smaller version of it, as mmcls has it: keys `proj`, `q`, `kv`, `sr` and `norm`.
final class GlobalSubsampledAttention: Module {
  let proj: Linear
  let projDrop: Dropout
  let outDrop: DropPath
  let q: Linear
  let kv: Linear
  let sr: Conv2d?
  let norm: (any NormLayer)?
  private let heads: Int
  private let attentionDropout: Float

  init(_ width: Int, heads: Int, ratio: Int, _ options: PyramidLayerOptions) {
    proj = Linear(width, width)
    projDrop = Dropout(options.dropout)
    outDrop = DropPath(options.dropPath)
    q = Linear(width, width, bias: options.qkvBias)
    kv = Linear(width, 2 * width, bias: options.qkvBias)
    sr = ratio > 1 ? Conv2d(width, width, kernel: Pair(ratio), stride: Pair(ratio)) : nil
    norm = ratio > 1 ? options.norm.make(width) : nil
    (self.heads, attentionDropout) = (heads, options.attentionDropout)
  }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    var memory = x
    if let sr, let norm { memory = norm(sr(x.tokensAsMap(size)).mapAsTokens()) }
    let y = Tensor.attention(
      query: q(x), memory: kv(memory), heads: heads, dropout: isTraining ? attentionDropout : 0)
    return outDrop(projDrop(proj(y)))
  }
}
