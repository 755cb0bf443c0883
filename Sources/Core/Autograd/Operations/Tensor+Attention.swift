// Attention.
extension Tensor {
  /// `softmax(scale · q kᵀ + bias) v` for queries `[..., n, d]`, keys `[..., m, d]` and values `[..., m, e]`.
  ///
  /// Vaswani et al., "Attention Is All You Need", https://arxiv.org/abs/1706.03762, section 3.2.1. For the gradient one
  /// matrix `[..., n, m]` is kept.
  ///
  /// - Parameters:
  ///   - bias: added to the scores; broadcasts to `[..., n, m]`. A mask is -∞ where a key must not be seen.
  ///   - scale: `1 / √d` unless given.
  ///   - dropout: the probability with which a weight is dropped.
  public static func attention(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor? = nil, scale: Float? = nil, dropout: Float = 0
  ) -> Tensor {
    precondition(
      query.rank >= 2 && key.rank >= 2 && value.rank >= 2
        && query.shape[query.rank - 1] == key.shape[key.rank - 1]
        && key.shape[key.rank - 2] == value.shape[value.rank - 2],
      "Tensor.attention: [..., n, d], [..., m, d] and [..., m, e], found \(query.shape), \(key.shape), \(value.shape)"
    )
    let scale = scale ?? 1 / Float(query.shape[query.rank - 1]).squareRoot()
    if dropout > 0 || query.rank != key.rank || query.rank != value.rank
      || query.shape.dropLast(2) != key.shape.dropLast(2)
      || query.shape.dropLast(2) != value.shape.dropLast(2)
    {
      var scores = query.matmul(key.transposed(), scale: scale)
      if let bias { scores = scores + bias }
      return scores.softmax(-1).dropout(dropout).matmul(value)
    }
    query.requireFloat("attention")
    let (q, k, v) = (query.detached(), key.detached(), value.detached())
    let probabilities = withoutGradient {
      var scores = q.matmul(k.transposed(), scale: scale)
      if let bias { scores = scores + bias.detached() }
      return scores.softmax(-1)
    }
    let biasShape = bias?.shape
    let wantsBias = bias?.requiresGradient ?? false
    let output = withoutGradient { probabilities.matmul(v) }
    return Tape.record(
      "attention", ["scale": .double(Double(scale))], inputs: [query, key, value, bias], output: output,
      saving: [q, k, v, probabilities]
    ) { gradient in
      let toScores = gradient.backend.softmaxGradient(
        probabilities, gradient: gradient.matmul(v.transposed()), axis: probabilities.rank - 1,
        logarithm: false)
      return [
        toScores.matmul(k, scale: scale),
        toScores.transposed().matmul(q, scale: scale),
        probabilities.transposed().matmul(gradient),
        wantsBias ? biasShape.map { toScores.summed(to: $0) } : nil,
      ]
    }
  }
}

extension Tensor {
  /// Attention of sequences to themselves, with several heads.
  ///
  /// - Parameters:
  ///   - packed: queries, keys and values side by side: `[N, L, 3 · heads · d]`.
  ///   - bias: added to the scores; broadcasts to `[N, heads, L, L]`.
  /// - Returns: `[N, L, heads · d]`.
  public static func attention(
    packed: Tensor, heads: Int, bias: Tensor? = nil, scale: Float? = nil, dropout: Float = 0
  ) -> Tensor {
    precondition(
      packed.rank == 3 && packed.shape[2] % (3 * heads) == 0,
      "Tensor.attention: [N, L, 3 · \(heads) · d], found \(packed.shape)")
    let (n, l, width) = (packed.shape[0], packed.shape[1], packed.shape[2] / 3)
    let parts = packed.reshaped([n, l, 3, heads, width / heads]).permuted([2, 0, 3, 1, 4]).unbound()
    return attention(
      query: parts[0], key: parts[1], value: parts[2], bias: bias, scale: scale, dropout: dropout
    ).transposed(1, 2).reshaped([n, l, width])
  }
}
