import Core

/// One layer of a Swin Transformer V2: window attention and a feed-forward network, each in front of a norm and beside a
/// shortcut.
final class SwinBlockV2: Module {
  /// `w_msa` and what drops its branch.
  final class Attention: Module {
    let wMsa: CosineWindowAttention
    let drop: DropPath

    init(_ attention: CosineWindowAttention, dropPath: Float) {
      wMsa = attention
      drop = DropPath(dropPath)
    }
  }

  struct Options: Sendable {
    var window = 8
    var isShifted = false
    var trainedWindow = 0
    var dropPath: Float = 0
    /// Whether a third norm ends the block.
    var hasExtraNorm = false
    var spareSmallMaps = true
  }

  let attn: Attention
  let norm1: any NormLayer
  let ffn: FeedForward
  let norm2: any NormLayer
  let norm3: (any NormLayer)?
  private let options: Options

  init(_ width: Int, heads: Int, _ options: Options) {
    self.options = options
    attn = Attention(
      CosineWindowAttention(
        width, heads: heads, window: options.window, trainedWindow: options.trainedWindow),
      dropPath: options.dropPath)
    norm1 = NormConfig.layerNorm().make(width)
    var feedForward = FeedForward.Options()
    (feedForward.activation, feedForward.addsIdentity) = (.function(.gelu), false)
    feedForward.branchDropout = .path(options.dropPath)
    ffn = FeedForward(width, hidden: 4 * width, feedForward)
    norm2 = NormConfig.layerNorm().make(width)
    norm3 = options.hasExtraNorm ? NormConfig.layerNorm().make(width) : nil
  }

  /// - Parameter x: tokens of a map of `size`, `[N, H · W, width]`.
  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    let sparesMap = options.spareSmallMaps && min(size.h, size.w) <= options.window
    let layout = WindowLayout(
      size, window: options.window, shift: options.isShifted && !sparesMap ? options.window / 2 : 0,
      separation: .shifted)
    let attended = x + norm1(attn.drop(attn.wMsa(x, layout)))
    let result = attended + norm2(ffn(attended))
    return norm3?(result) ?? result
  }
}

/// What halves the map, and the blocks of one stage behind it, every second one shifted.
final class SwinStageV2: Module {
  let downsample: PatchMerging?
  let blocks: ModuleList<SwinBlockV2>

  init(downsample: PatchMerging?, _ blocks: [SwinBlockV2]) {
    self.downsample = downsample
    self.blocks = ModuleList(blocks)
  }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> (tokens: Tensor, size: Pair) {
    let merged = downsample?(x, size) ?? (tokens: x, size: size)
    return (blocks.reduce(merged.tokens) { $1($0, merged.size) }, merged.size)
  }
}
