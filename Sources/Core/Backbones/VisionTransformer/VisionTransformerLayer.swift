/// One layer of a Vision Transformer: attention and a feed-forward network, each behind a norm and beside a shortcut.
///
/// - Input: `[N, L, width]`; the output has the same shape.
public final class VisionTransformerLayer: Module {
  public struct Options: Sendable {
    /// Whose attention it is: mmseg has PyTorch's, mmcls one with other keys.
    public var attention = VisionTransformer.AttentionKind.torch
    public var hidden = 3072
    public var dropout: Float = 0
    public var attentionDropout: Float = 0
    public var dropPath: Float = 0
    public var feedForwardLayers = 2
    public var qkvBias = true
    public var activation = ActivationConfig.function(.gelu)
    public var norm = NormConfig.layerNorm()

    public init() {}
  }

  @Named var norm1: any NormLayer
  @Named var torchAttention: AttentionBlock?
  @Named var attention: SelfAttention?
  @Named var norm2: any NormLayer
  let ffn: FeedForward

  public init(_ width: Int, heads: Int, _ options: Options) {
    _norm1 = options.norm.named(width, suffix: "1")
    switch options.attention {
    case .torch:
      // As in mmseg, whose attention never drops the branch.
      _torchAttention = Named(
        "attn",
        AttentionBlock(
          width, heads: heads, attentionDropout: options.attentionDropout, dropout: options.dropout,
          bias: options.qkvBias))
      _attention = Named("attn", nil)
    case .packed:
      var inner = SelfAttention.Options()
      (inner.qkvBias, inner.dropout) = (options.qkvBias, options.dropout)
      (inner.attentionDropout, inner.branchDropout) = (options.attentionDropout, .path(options.dropPath))
      _torchAttention = Named("attn", nil)
      _attention = Named("attn", SelfAttention(width, heads: heads, inner))
    }
    _norm2 = options.norm.named(width, suffix: "2")
    var feedForward = FeedForward.Options()
    (feedForward.layers, feedForward.activation) = (options.feedForwardLayers, options.activation)
    (feedForward.dropout, feedForward.branchDropout) = (options.dropout, .path(options.dropPath))
    ffn = FeedForward(width, hidden: options.hidden, feedForward)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    if let torchAttention { x = torchAttention(norm1(x), identity: x) }
    if let attention { x = x + attention(norm1(x)) }
    return ffn(norm2(x), identity: x)
  }
}
