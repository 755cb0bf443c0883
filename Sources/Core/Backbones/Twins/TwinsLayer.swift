/// One layer of a Twins network: attention to a smaller map or within windows, and a feed-forward network, each behind a
/// norm and beside a shortcut.
///
/// Branches are dropped twice over, as in the original: at the end of attention and network, and again here.
final class TwinsLayer: Module {
  /// What a layer attends to.
  enum Attention: Sendable {
    /// A map that is smaller by a factor.
    case global(ratio: Int)
    /// Windows of a side.
    case local(window: Int)
  }

  let norm1: any NormLayer
  @Named var reduced: SpatialReductionAttention?
  @Named var subsampled: GlobalSubsampledAttention?
  @Named var local: LocallyGroupedAttention?
  let norm2: any NormLayer
  let ffn: FeedForward
  let dropPath: DropPath

  /// - Parameter usesTorchAttention: whether attention to a smaller map has mmseg's keys or mmcls's.
  init(
    _ width: Int, heads: Int, hidden: Int, _ attention: Attention, usesTorchAttention: Bool,
    _ options: PyramidLayerOptions
  ) {
    norm1 = options.norm.make(width)
    var (reduced, subsampled): (SpatialReductionAttention?, GlobalSubsampledAttention?) = (nil, nil)
    var local: LocallyGroupedAttention?
    switch attention {
    case .global(let ratio) where usesTorchAttention:
      reduced = SpatialReductionAttention(width, heads: heads, ratio: ratio, options)
    case .global(let ratio):
      subsampled = GlobalSubsampledAttention(width, heads: heads, ratio: ratio, options)
    case .local(let window):
      local = LocallyGroupedAttention(
        width, heads: heads, window: window, qkvBias: options.qkvBias,
        attentionDropout: options.attentionDropout, dropout: options.dropout)
    }
    _reduced = Named("attn", reduced)
    _subsampled = Named("attn", subsampled)
    _local = Named("attn", local)
    norm2 = options.norm.make(width)
    var feedForward = FeedForward.Options()
    (feedForward.activation, feedForward.dropout) = (options.activation, options.dropout)
    (feedForward.branchDropout, feedForward.addsIdentity) = (.path(options.dropPath), false)
    ffn = FeedForward(width, hidden: hidden, feedForward)
    dropPath = DropPath(options.dropPath)
  }

  /// - Parameter x: tokens of a map, `[N, H · W, width]`.
  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    let normed = norm1(x)
    let attended =
      reduced?(normed, size, identity: nil) ?? subsampled?(normed, size) ?? local?(normed, size) ?? normed
    let y = x + dropPath(attended)
    return y + dropPath(ffn(norm2(y)))
  }
}

/// Adds to each token what a 3x3 convolution of its surroundings says about its place.
///
/// Chu et al., 2021 (<https://arxiv.org/abs/2102.10882>).
final class ConditionalPositionEncoding: Module {
  let proj: Conv2d

  init(_ width: Int) { proj = Conv2d(width, width, kernel: 3, padding: 1, groups: width) }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    x + proj(x.tokensAsMap(size)).mapAsTokens()
  }
}
