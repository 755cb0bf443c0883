/// Attention with a learnt bias for each distance between two patches, and three for the class token.
///
/// Bao et al., 2021 (<https://arxiv.org/abs/2106.08254>). Mirrors mmseg's `BEiTAttention`.
///
/// - Input: `[N, 1 + H · W, width]`, the class token first; the output has the same shape.
final class BEiTAttention: Module {
  /// Biases of the linear layer for queries, keys and values.
  enum Bias: Sendable {
    case none
    /// Of queries and values, as parameters of their own.
    case queriesAndValues
    case all
  }

  let qBias: Parameter?
  let vBias: Parameter?
  /// `[(2 · H - 1) · (2 · W - 1) + 3, heads]`
  let relativePositionBiasTable: Parameter
  /// `[1 + H · W, 1 + H · W]`: which row of the table a query and a key have.
  let relativePositionIndex: Buffer
  let qkv: Linear
  let proj: Linear
  /// The index as it must be, whatever a checkpoint says.
  private let index: Tensor
  private let heads: Int
  private let dropout: Float

  init(_ width: Int, heads: Int, patches: Pair, bias: Bias, attentionDropout: Float, index: Tensor) {
    let hasOwnBiases = bias == .queriesAndValues
    qBias = hasOwnBiases ? Parameter(.zeros([width])) : nil
    vBias = hasOwnBiases ? Parameter(.zeros([width])) : nil
    relativePositionBiasTable = Parameter(.zeros([Self.distances(patches), heads]))
    relativePositionIndex = Buffer(index)
    qkv = Linear(width, 3 * width, bias: bias == .all)
    proj = Linear(width, width)
    (self.index, self.heads, dropout) = (index, heads, attentionDropout)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let tokens = index.shape[0]
    precondition(
      x.shape[1] == tokens,
      "BEiT: an image of the size that the position biases are made for, \(tokens - 1) patches, found \(x.shape[1] - 1)"
    )
    let bias = relativePositionBiasTable.value.transposed(0, 1).indexSelected(1, index.reshaped([-1]))
      .reshaped([heads, tokens, tokens])
    var linearBias = qkv.bias?.value
    if let qBias, let vBias {
      linearBias = Tensor.concatenate([qBias.value, Tensor.zeros(vBias.shape), vBias.value])
    }
    return proj(
      Tensor.attention(
        packed: x.linear(qkv.weight.value, bias: linearBias), heads: heads, bias: bias,
        dropout: isTraining ? dropout : 0))
  }

  /// Rows of the table.
  static func distances(_ patches: Pair) -> Int { (2 * patches.h - 1) * (2 * patches.w - 1) + 3 }

  /// Number of a pair of tokens: of two patches by their distance, the last three for pairs with the class token.
  static func index(_ patches: Pair) -> Tensor {
    let (count, rows) = (patches.h * patches.w + 1, distances(patches))
    let columns = 2 * patches.w - 1
    let values = [Int64](unsafeUninitializedCapacity: count * count) { buffer, initialized in
      for a in 1..<count {
        for b in 1..<count {
          let (ya, xa) = ((a - 1) / patches.w, (a - 1) % patches.w)
          let (yb, xb) = ((b - 1) / patches.w, (b - 1) % patches.w)
          buffer[a * count + b] = Int64((ya - yb + patches.h - 1) * columns + xa - xb + patches.w - 1)
        }
      }
      for i in 0..<count {
        buffer[i] = Int64(rows - 3)
        buffer[i * count] = Int64(rows - 2)
      }
      buffer[0] = Int64(rows - 1)
      initialized = count * count
    }
    return Tensor(values, shape: [count, count])
  }
}

/// One layer of a BEiT: attention and a feed-forward network, each behind a norm, scaled channel by channel and beside a
/// shortcut.
final class BEiTLayer: Module {
  @Named var gamma1: Parameter
  @Named var gamma2: Parameter
  @Named var norm1: any NormLayer
  let attn: BEiTAttention
  @Named var norm2: any NormLayer
  let ffn: FeedForward
  let dropPath: DropPath

  init(_ width: Int, _ attention: BEiTAttention, dropPath: Float, _ config: BEiT.Config) {
    _gamma1 = Named("gamma_1", Parameter(.full([width], config.initialScale)))
    _gamma2 = Named("gamma_2", Parameter(.full([width], config.initialScale)))
    _norm1 = config.norm.named(width, suffix: "1")
    attn = attention
    _norm2 = config.norm.named(width, suffix: "2")
    var options = FeedForward.Options()
    (options.layers, options.activation, options.addsIdentity) = (
      config.feedForwardLayers, config.activation, false
    )
    ffn = FeedForward(width, hidden: config.mlpRatio * width, options)
    self.dropPath = DropPath(dropPath)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = x + dropPath(gamma1.value * attn(norm1(x)))
    return x + dropPath(gamma2.value * ffn(norm2(x)))
  }
}
