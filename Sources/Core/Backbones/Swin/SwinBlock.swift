/// One layer of a Swin Transformer: window attention and a feed-forward network, each behind a norm and beside a shortcut.
///
/// - Input: tokens of a map, `[N, H · W, width]`; the output has the same shape.
final class SwinBlock: Module {
  /// What one block is made of.
  struct Options: Sendable {
    var window = 7
    var isShifted = false
    var qkvBias = true
    var scale: Float?
    var dropout: Float = 0
    var attentionDropout: Float = 0
    var dropPath: Float = 0
    var activation = ActivationConfig.function(.gelu)
    var norm = NormConfig(.layerNorm)
    var spareSmallMaps = false
  }

  let norm1: any NormLayer
  let attn: ShiftedWindowAttention
  let norm2: any NormLayer
  let ffn: FeedForward

  init(_ width: Int, heads: Int, hidden: Int, _ options: Options) {
    norm1 = options.norm.make(width)
    attn = ShiftedWindowAttention(
      WindowAttention(
        width, heads: heads, window: options.window, qkvBias: options.qkvBias, scale: options.scale,
        attentionDropout: options.attentionDropout, dropout: options.dropout),
      window: options.window, shift: options.isShifted ? options.window / 2 : 0,
      branchDropout: .path(options.dropPath), spareSmallMaps: options.spareSmallMaps)
    norm2 = options.norm.make(width)
    var feedForward = FeedForward.Options()
    feedForward.activation = options.activation
    feedForward.dropout = options.dropout
    feedForward.branchDropout = .path(options.dropPath)
    ffn = FeedForward(width, hidden: hidden, feedForward)
  }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    let x = attn(norm1(x), size) + x
    return ffn(norm2(x), identity: x)
  }
}

/// The blocks of one stage, every second one shifted, and what halves the map behind them.
final class SwinStage: Module {
  let blocks: ModuleList<SwinBlock>
  let downsample: PatchMerging?

  init(_ blocks: [SwinBlock], downsample: PatchMerging?) {
    self.blocks = ModuleList(blocks)
    self.downsample = downsample
  }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    blocks.reduce(x) { $1($0, size) }
  }
}
