// Attention. Scores are worked out a block at a time, in the backward pass again; no matrix of all of them is kept.
extension Tensor {
  /// `softmax(scale · q kᵀ + bias) v` for queries `[..., n, d]`, keys `[..., m, d]` and values `[..., m, e]`.
  ///
  /// Vaswani et al., "Attention Is All You Need", https://arxiv.org/abs/1706.03762, section 3.2.1.
  ///
  /// - Parameters:
  ///   - bias: added to the scores; broadcasts to `[..., n, m]`. A mask is -∞ where a key must not be seen.
  ///   - scale: `1 / √d` unless given.
  ///   - dropout: the probability with which a weight is dropped; above 0 all scores are kept.
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
    let rank = query.rank
    let isRegular =
      rank <= 4 && key.rank == rank && value.rank == rank && query.shape.dropLast(2) == key.shape.dropLast(2)
      && query.shape.dropLast(2) == value.shape.dropLast(2)
    guard dropout == 0, isRegular, (query.shape + key.shape + value.shape).allSatisfy({ $0 > 0 }) else {
      var scores = query.matmul(key.transposed(), scale: scale)
      if let bias { scores = scores + bias }
      return scores.softmax(-1).dropout(dropout).matmul(value)
    }
    // As [N, heads, tokens, depth].
    func four(_ x: Tensor) -> Tensor {
      var x = x
      if x.rank == 2 { x = x.unsqueezed(0) }
      return x.rank == 3 ? x.unsqueezed(1) : x
    }
    let (q, k, v) = (four(query), four(key), four(value))
    let full = Array(q.shape.prefix(2)) + [q.shape[2], k.shape[2]]
    var added = bias
    if let bias, rank == 3, bias.rank == 3 { added = bias.unsqueezed(1) }
    let y = attend(q, k, v, bias: added?.asAttentionBias(full), scale: scale)
    return rank == 4 ? y : rank == 3 ? y.squeezed(1) : y.squeezed(1).squeezed(0)
  }

  /// Attention of queries, keys and values with four axes each.
  private static func attend(_ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, scale: Float) -> Tensor {
    q.requireFloat("attention")
    k.requireFloat("attention")
    v.requireFloat("attention")
    let backend = q.backend
    let operands = AttentionOperands(
      query: q.withDenseRows(backend), key: k.withDenseRows(backend), value: v.withDenseRows(backend),
      bias: bias?.detached(), scale: scale)
    let isRecording = Tape.isRecording(q, k, v, bias)
    let (output, logSum) = backend.attention(operands, wantsLogSum: isRecording)
    let wantsBias = bias?.requiresGradient ?? false
    let saved = isRecording ? [operands.query, operands.key, operands.value, operands.bias, output] : []
    return Tape.record(
      "attention", ["scale": .double(Double(scale))], inputs: [q, k, v, bias], output: output,
      saving: saved.compactMap { $0 }
    ) { gradient in
      guard let logSum else { return [] }
      func empty(_ x: Tensor) -> Tensor {
        Tensor(uninitialized: x.shape, strides: Strides.dense(x.shape, like: x.strides))
      }
      let targets = (query: empty(operands.query), key: empty(operands.key), value: empty(operands.value))
      let others = gradient.backend.attentionGradient(
        operands, output: output, logSum: logSum, gradient: gradient, targets: targets, wantsBias: wantsBias,
        wantsPadding: false)
      return [targets.query, targets.key, targets.value, others.bias]
    }
  }

  /// Attention of sequences to themselves, with several heads.
  ///
  /// - Parameters:
  ///   - packed: queries, keys and values side by side: `[N, L, 3 · heads · d]`.
  ///   - bias: added to the scores; broadcasts to `[N, heads, L, L]`.
  /// - Returns: `[N, L, heads · d]`.
  public static func attention(
    packed: Tensor, heads: Int, bias: Tensor? = nil, scale: Float? = nil, dropout: Float = 0
  ) -> Tensor {
    attention(packed: [(packed, 3)], heads: heads, bias: bias, scale: scale, dropout: dropout)
  }

  /// Attention of sequences to others, with several heads.
  ///
  /// - Parameters:
  ///   - query: `[N, L, heads · d]`.
  ///   - memory: keys and values side by side: `[N, S, 2 · heads · d]`.
  ///   - bias: added to the scores; broadcasts to `[N, heads, L, S]`.
  /// - Returns: `[N, L, heads · d]`.
  public static func attention(
    query: Tensor, memory: Tensor, heads: Int, bias: Tensor? = nil, scale: Float? = nil, dropout: Float = 0
  ) -> Tensor {
    attention(packed: [(query, 1), (memory, 2)], heads: heads, bias: bias, scale: scale, dropout: dropout)
  }

  /// Attention of what several tensors hold side by side: all three, or queries, and keys with values.
  private static func attention(
    packed: [(tensor: Tensor, parts: Int)], heads: Int, bias: Tensor?, scale: Float?, dropout: Float
  ) -> Tensor {
    for (tensor, parts) in packed {
      precondition(
        tensor.rank == 3 && tensor.shape[2] % (parts * heads) == 0,
        "Tensor.attention: [N, L, \(parts) · \(heads) · d], found \(tensor.shape)")
      tensor.requireFloat("attention")
    }
    let (n, l) = (packed[0].tensor.shape[0], packed[0].tensor.shape[1])
    let (last, width) = (packed[packed.count - 1].tensor, packed[0].tensor.shape[2] / packed[0].parts)
    if dropout > 0 || packed.contains(where: { $0.tensor.count == 0 }) {
      let parts = packed.flatMap { tensor, parts in tensor.headParts(parts, heads).unbound() }
      return attention(
        query: parts[0], key: parts[1], value: parts[2], bias: bias, scale: scale, dropout: dropout
      ).transposed(1, 2).reshaped([n, l, width])
    }
    let backend = last.backend
    let sources = packed.map { $0.tensor.withDenseRows(backend) }
    let parts = zip(sources, packed).flatMap { source, entry in
      withoutGradient { source.headParts(entry.parts, heads).unbound() }
    }
    let added = bias?.asAttentionBias([n, heads, l, last.shape[1]])
    let operands = AttentionOperands(
      query: parts[0], key: parts[1], value: parts[2], bias: added?.detached(),
      scale: scale ?? 1 / Float(width / heads).squareRoot())
    return record(operands, packed: packed, bias: added, padding: nil, heads: heads)
  }

  /// Runs attention on parts of `packed` tensors and gives the result, `[N, L, heads · e]`, its place in the graph.
  static func record(
    _ operands: AttentionOperands, packed: [(tensor: Tensor, parts: Int)], bias: Tensor?, padding: Tensor?,
    heads: Int
  ) -> Tensor {
    let inputs: [Tensor?] = packed.map(\.tensor) + [bias, padding]
    let isRecording = isGradientEnabled && inputs.contains { $0?.requiresGradient ?? false }
    let (y, logSum) = operands.query.backend.attention(operands, wantsLogSum: isRecording)
    let shape = [y.shape[0], y.shape[2], heads * y.shape[3]]
    let output = withoutGradient { y.transposed(1, 2).reshaped(shape) }
    let (wantsBias, wantsPadding) = (bias?.requiresGradient ?? false, padding?.requiresGradient ?? false)
    let layouts = packed.map { (shape: $0.tensor.shape, parts: $0.parts) }
    let saved = isRecording ? [operands.query, operands.key, operands.value, operands.bias, y] : []
    return Tape.record(
      "attention", ["scale": .double(Double(operands.scale))], inputs: inputs, output: output,
      saving: saved.compactMap { $0 }
    ) { gradient in
      guard let logSum else { return [] }
      let gradients = layouts.map { Tensor(uninitialized: $0.shape) }
      let parts = zip(gradients, layouts).flatMap { $0.headParts($1.parts, heads).unbound() }
      let others = gradient.backend.attentionGradient(
        operands, output: y, logSum: logSum,
        gradient: gradient.reshaped([shape[0], shape[1], heads, shape[2] / heads]).transposed(1, 2),
        targets: (parts[0], parts[1], parts[2]), wantsBias: wantsBias, wantsPadding: wantsPadding)
      return gradients + [others.bias, others.padding]
    }
  }

  /// `[N, L, parts · heads · d]` as `[parts, N, heads, L, d]`.
  func headParts(_ parts: Int, _ heads: Int) -> Tensor {
    reshaped([shape[0], shape[1], parts, heads, shape[2] / parts / heads]).permuted([2, 0, 3, 1, 4])
  }

  /// A bias with four axes and dense rows, as large as a kernel needs it: where a gradient is wanted, one for each head
  /// and query.
  func asAttentionBias(_ full: [Int]) -> Tensor {
    requireFloat("attention")
    precondition(
      rank <= 4 && broadcastShape(shape, full, operation: "Tensor.attention") == full,
      "Tensor.attention: a bias that broadcasts to \(full), found \(shape)")
    var bias = self
    while bias.rank < 4 { bias = bias.unsqueezed(0) }
    var target = bias.shape
    target[3] = full[3]
    if requiresGradient { (target[1], target[2]) = (full[1], full[2]) }
    bias = bias.expanded(to: target)
    return bias.strides[3] == 1 || target[3] == 1 ? bias : bias.contiguous()
  }
}
