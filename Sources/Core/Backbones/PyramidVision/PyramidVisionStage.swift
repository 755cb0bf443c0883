/// One layer of a pyramid: attention and a feed-forward network, each behind a norm and beside a shortcut.
final class PyramidVisionLayer: Module {
  let norm1: any NormLayer
  let attn: SpatialReductionAttention
  let norm2: any NormLayer
  let ffn: MixFeedForward

  init(_ width: Int, heads: Int, hidden: Int, ratio: Int, _ options: PyramidLayerOptions) {
    norm1 = options.norm.make(width)
    attn = SpatialReductionAttention(width, heads: heads, ratio: ratio, options)
    norm2 = options.norm.make(width)
    ffn = MixFeedForward(width, hidden: hidden, options)
  }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    let x = attn(norm1(x), size, identity: x)
    return ffn(norm2(x), size, identity: x)
  }
}

/// A learnt vector for each place of a map, resized to the map at hand.
final class AbsolutePositionEmbedding: Module {
  /// `[1, H · W, width]`
  let posEmbed: Parameter
  let drop: Dropout
  private let size: Pair

  init(_ size: Pair, _ width: Int, dropout: Float) {
    posEmbed = Parameter(.zeros([1, size.h * size.w, width]))
    drop = Dropout(dropout)
    self.size = size
  }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    let embedding = posEmbed.value
    if size == self.size { return drop(x + embedding) }
    return drop(x + embedding.tokensAsMap(self.size).interpolate(size: size, mode: .bilinear).mapAsTokens())
  }
}

/// One stage of a pyramid: keys `0` of the patches, `1.0`, `1.1`, ... of the position embedding and the layers, `2` of the
/// norm.
final class PyramidVisionStage: Module {
  @Named var embedding: PatchEmbed
  /// The position embedding, if there is one, and the layers.
  @Named var layers: ModuleList<Module>
  @Named var norm: (any NormLayer)?

  init(
    _ embedding: PatchEmbed, position: AbsolutePositionEmbedding?, _ blocks: [PyramidVisionLayer],
    norm: (any NormLayer)?
  ) {
    _embedding = Named("0", embedding)
    _layers = Named("1", ModuleList([position].compactMap { $0 } + blocks))
    _norm = Named("2", norm)
  }

  /// - Parameter x: `[N, C, H, W]`.
  /// - Returns: `[N, width, H', W']`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    var (x, size) = embedding(x)
    for layer in layers {
      if let block = layer as? PyramidVisionLayer { x = block(x, size) }
      if let position = layer as? AbsolutePositionEmbedding { x = position(x, size) }
    }
    return (norm?(x) ?? x).tokensAsMap(size)
  }
}
