import Core

/// Attention whose queries, keys and values are pooled, with biases for distances along each axis.
///
/// Li et al., 2021 (<https://arxiv.org/abs/2112.01526>). Mirrors mmcls's `MultiScaleAttention`.
///
/// - Input: tokens of a map, `[N, H · W, inFeatures]`
/// - Output: tokens of the map of pooled queries, `[N, H' · W', width]`, and its size.
final class MultiScaleAttention: Module {
  struct Options: Sendable {
    var qkvBias = true
    var norm = NormConfig.layerNorm(eps: 1e-6)
    var kernel: Pair = 3
    var queryStride = 1
    var keyStride = 1
    /// Whether there are biases for distances.
    var hasRelativePositions = true
    /// Whether pooled queries are added to the result.
    var addsQueries = true
    /// Side of the map that the biases are made for.
    var side = 56
  }

  /// `[distances, d]` along each axis.
  let relPosH: Parameter?
  let relPosW: Parameter?
  let qkv: Linear
  let proj: Linear
  let poolQ: Conv2d
  let normQ: any NormLayer
  let poolK: Conv2d
  let normK: any NormLayer
  let poolV: Conv2d
  let normV: any NormLayer
  private let heads: Int
  private let options: Options

  init(_ inFeatures: Int, _ width: Int, heads: Int, _ options: Options) {
    (self.heads, self.options) = (heads, options)
    let depth = width / heads
    let distances = 2 * max(options.side / options.queryStride, options.side / options.keyStride) - 1
    relPosH = options.hasRelativePositions ? Parameter(.zeros([distances, depth])) : nil
    relPosW = options.hasRelativePositions ? Parameter(.zeros([distances, depth])) : nil
    qkv = Linear(inFeatures, 3 * width, bias: options.qkvBias)
    proj = Linear(width, width)
    func pool(_ stride: Int) -> Conv2d {
      Conv2d(
        depth, depth, kernel: options.kernel, stride: Pair(stride),
        padding: Pair(h: options.kernel.h / 2, w: options.kernel.w / 2), groups: depth, bias: false)
    }
    poolQ = pool(options.queryStride)
    normQ = options.norm.make(depth)
    poolK = pool(options.keyStride)
    normK = options.norm.make(depth)
    poolV = pool(options.keyStride)
    normV = options.norm.make(depth)
  }

  func callAsFunction(_ x: Tensor, _ size: Pair) -> (tokens: Tensor, size: Pair) {
    let (n, l, width) = (x.shape[0], x.shape[1], proj.inFeatures)
    let depth = width / heads
    let parts = qkv(x).reshaped([n, l, 3, heads, depth]).permuted([2, 0, 3, 1, 4]).unbound()
    func pooled(_ part: Int, _ pool: Conv2d, _ norm: any NormLayer) -> (Tensor, Pair) {
      let map = pool(parts[part].reshaped([n * heads, l, depth]).tokensAsMap(size))
      let tokens = norm(map.mapAsTokens())
      return (tokens.reshaped([n, heads, tokens.shape[1], depth]), Pair(h: map.shape[2], w: map.shape[3]))
    }
    let (q, querySize) = pooled(0, poolQ, normQ)
    let (k, keySize) = pooled(1, poolK, normK)
    let (v, _) = pooled(2, poolV, normV)
    var y = Tensor.attention(query: q, key: k, value: v, bias: positionBias(q, querySize, keySize))
    if options.addsQueries { y = y + q }
    return (proj(y.transposed(1, 2).reshaped([n, q.shape[2], width])), querySize)
  }

  /// Products of queries and vectors for their distances to keys, `[N, heads, queries, keys]`.
  private func positionBias(_ q: Tensor, _ querySize: Pair, _ keySize: Pair) -> Tensor? {
    guard let relPosH, let relPosW else { return nil }
    let (n, depth) = (q.shape[0], q.shape[3])
    let map = q.reshaped([n, heads, querySize.h, querySize.w, depth])
    let rows = Tensor.einsum("byhwc,hkc->byhwk", map, Self.vectors(relPosH.value, querySize.h, keySize.h))
    let columns = Tensor.einsum("byhwc,wkc->byhwk", map, Self.vectors(relPosW.value, querySize.w, keySize.w))
    return (rows.unsqueezed(-1) + columns.unsqueezed(-2))
      .reshaped([n, heads, querySize.h * querySize.w, keySize.h * keySize.w])
  }

  /// The vector for each pair of places along an axis, `[queries, keys, d]`, from a table that is resized where the
  /// number of distances is another one.
  private static func vectors(_ table: Tensor, _ queries: Int, _ keys: Int) -> Tensor {
    let (distances, depth) = (2 * max(queries, keys) - 1, table.shape[1])
    var table = table
    if table.shape[0] != distances {
      table = table.transposed(0, 1).reshaped([1, depth, 1, table.shape[0]])
        .interpolate(size: Pair(h: 1, w: distances), mode: .bilinear).reshaped([depth, distances]).transposed(
          0, 1)
    }
    let (queryRatio, keyRatio) = (
      max(Double(keys) / Double(queries), 1), max(Double(queries) / Double(keys), 1)
    )
    let indices = (0..<queries).flatMap { q in
      (0..<keys).map { k in
        // In single precision, as the original has it.
        let place = Float(Double(q)) * Float(queryRatio) - Float(k) * Float(keyRatio)
        return min(max(Int(place + Float(Double(keys - 1) * keyRatio)), 0), distances - 1)
      }
    }
    return table.indexSelected(0, indices).reshaped([queries, keys, depth])
  }

  func initializePositions(using generator: inout RandomGenerator) {
    for parameter in [relPosH, relPosW].compactMap({ $0 }) {
      Init.truncatedNormal(parameter, standardDeviation: 0.02, using: &generator)
    }
  }
}
