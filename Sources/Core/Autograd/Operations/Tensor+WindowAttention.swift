// Attention within windows of a map.
extension Tensor {
  /// Attention with several heads in which each token sees the tokens of its window.
  ///
  /// Tokens are read and written where they lie in the map; nothing is shifted, padded or cut.
  ///
  /// - Parameters:
  ///   - packed: queries, keys and values of a map's tokens side by side: `[N, H · W, 3 · heads · d]`.
  ///   - bias: added to the scores of every window: `[heads, tokens, tokens]`.
  ///   - padding: queries, keys and values of padding, `[3 · heads · d]`; 0 unless given.
  ///   - dropout: the probability with which a weight is dropped; above 0 all scores are kept.
  /// - Returns: `[N, H · W, heads · d]`.
  public static func windowAttention(
    packed: Tensor, _ layout: WindowLayout, heads: Int, bias: Tensor? = nil, padding: Tensor? = nil,
    scale: Float? = nil, dropout: Float = 0
  ) -> Tensor {
    let (size, tokens) = (layout.size, layout.tokens)
    precondition(
      packed.rank == 3 && packed.shape[1] == size.h * size.w && packed.shape[2] % (3 * heads) == 0,
      "Tensor.windowAttention: [N, \(size.h * size.w), 3 · \(heads) · d], found \(packed.shape)")
    precondition(
      bias.map { $0.shape == [heads, tokens, tokens] } ?? true,
      "Tensor.windowAttention: a bias of [\(heads), \(tokens), \(tokens)], found \(bias?.shape ?? [])")
    precondition(
      padding.map { $0.shape == [packed.shape[2]] } ?? true,
      "Tensor.windowAttention: padding of [\(packed.shape[2])], found \(padding?.shape ?? [])")
    packed.requireFloat("windowAttention")
    let depth = packed.shape[2] / 3 / heads
    let scale = scale ?? 1 / Float(depth).squareRoot()
    if dropout > 0 || packed.count == 0 {
      return composed(
        packed, layout, heads: heads, bias: bias, padding: padding, scale: scale, dropout: dropout)
    }
    let parts = withoutGradient { packed.withDenseRows(packed.backend).headParts(3, heads).unbound() }
    let padding = layout.hasPadding ? padding : nil
    let added = bias?.asAttentionBias([packed.shape[0], heads, tokens, tokens])
    let operands = AttentionOperands(
      query: parts[0], key: parts[1], value: parts[2], bias: added?.detached(), scale: scale,
      windows: WindowTables(layout), padding: padding?.contiguousDetached())
    return record(operands, packed: [(packed, 3)], bias: added, padding: padding, heads: heads)
  }

  /// The same by padding, shifting and cutting, for weights that are dropped.
  private static func composed(
    _ packed: Tensor, _ layout: WindowLayout, heads: Int, bias: Tensor?, padding: Tensor?, scale: Float,
    dropout: Float
  ) -> Tensor {
    let (size, full, window, shift) = (layout.size, layout.padded, layout.window, layout.shift)
    let (n, width) = (packed.shape[0], packed.shape[2] / 3)
    // 1. Padding and shift.
    var map = packed.tokensAsMap(size)
    if layout.hasPadding {
      let (below, beside) = (full.h - size.h, full.w - size.w)
      map = map.pad2d(top: 0, bottom: below, left: 0, right: beside)
      if let padding {
        let inside = Tensor.ones([1, 1, size.h, size.w]).pad2d(top: 0, bottom: below, left: 0, right: beside)
        map = map + padding.reshaped([1, 3 * width, 1, 1]) * (1 - inside)
      }
    }
    var rows = map.channelsLast().permuted([0, 2, 3, 1])
    if shift > 0 { rows = rows.rolled([-shift, -shift], axes: [1, 2]) }
    // 2. Windows.
    let grid = layout.windows
    let parts = rows.reshaped([n, grid.h, window, grid.w, window, 3, heads, width / heads])
      .permuted([5, 0, 1, 3, 6, 2, 4, 7])
      .reshaped([3, n, grid.h * grid.w, heads, layout.tokens, width / heads]).unbound()
    var scores = bias
    if let penalties = layout.penalties { scores = scores.map { $0 + penalties } ?? penalties }
    let y = attention(
      query: parts[0], key: parts[1], value: parts[2], bias: scores, scale: scale, dropout: dropout)
    // 3. Back to where the tokens were.
    var result = y.reshaped([n, grid.h, grid.w, heads, window, window, width / heads])
      .permuted([0, 1, 4, 2, 5, 3, 6]).reshaped([n, full.h, full.w, width])
    if shift > 0 { result = result.rolled([shift, shift], axes: [1, 2]) }
    return result[.all, 0..<size.h, 0..<size.w].reshaped([n, size.h * size.w, width])
  }
}

extension WindowLayout {
  /// What scores get where tokens must not see each other: `[windows, 1, tokens, tokens]`.
  fileprivate var penalties: Tensor? {
    guard let regions else { return nil }
    let (count, penalty) = (tokens, penalty)
    let values = [Float](unsafeUninitializedCapacity: regions.count * count) { buffer, initialized in
      for (index, region) in regions.enumerated() {
        let first = index / count * count
        for other in 0..<count {
          buffer[index * count + other] = regions[first + other] == region ? 0 : penalty
        }
      }
      initialized = regions.count * count
    }
    return Tensor(values, shape: [windows.h * windows.w, 1, count, count])
  }
}
