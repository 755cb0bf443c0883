import CKernels

extension CPUBackend: AttentionBackend {
  func attention(_ operands: AttentionOperands, wantsLogSum: Bool) -> (output: Tensor, logSum: Tensor?) {
    let (n, heads, tokens) = (operands.query.shape[0], operands.query.shape[1], operands.query.shape[2])
    let width = operands.value.shape[3]
    let output = Tensor(
      uninitialized: [n, heads, tokens, width], strides: [tokens * heads * width, width, heads * width, 1])
    let windows = operands.windows?.count ?? 1
    let logSum = wantsLogSum ? Tensor(uninitialized: [n, windows, heads, operands.block.queries]) : nil
    withKernelValues(operands, output) {
      mm_attention_forward($0, output.pointer(Float.self), logSum?.pointer(Float.self))
    }
    return (output, logSum)
  }

  func attentionGradient(
    _ operands: AttentionOperands, output: Tensor, logSum: Tensor, gradient: Tensor,
    targets: (query: Tensor, key: Tensor, value: Tensor), wantsBias: Bool, wantsPadding: Bool
  ) -> (bias: Tensor?, padding: Tensor?) {
    let gradient = gradient.withDenseRows(self)
    let (queries, keys) = operands.block
    let bias =
      wantsBias
      ? operands.bias.map { Tensor(uninitialized: [$0.shape[0], output.shape[1], queries, keys]) } : nil
    let padding = wantsPadding ? operands.padding.map { Tensor.zeros($0.shape) } : nil
    let (part, from) = (operands.query.shape[1] * operands.query.shape[3], padding?.pointer(Float.self))
    withKernelValues(operands, output) { values in
      var gradients = mm_attention_gradient(
        o: output.pointer(Float.self), log_sum: logSum.pointer(Float.self), d_o: gradient.pointer(Float.self),
        d_o_at: gradient.attentionRows, dq_at: targets.query.attentionRows, dk_at: targets.key.attentionRows,
        dv_at: targets.value.attentionRows, dq: targets.query.pointer(Float.self),
        dk: targets.key.pointer(Float.self), dv: targets.value.pointer(Float.self),
        dbias: bias?.pointer(Float.self), dpad_k: from.map { $0 + part }, dpad_v: from.map { $0 + 2 * part })
      mm_attention_backward(values, &gradients)
    }
    return (bias, padding)
  }

  /// The operands as kernels take them.
  private func withKernelValues(
    _ operands: AttentionOperands, _ output: Tensor, _ body: (UnsafePointer<mm_attention>) -> Void
  ) {
    let (query, key, value) = (operands.query, operands.key, operands.value)
    let (queries, keys) = operands.block
    let sizes = [queries, keys, query.shape[3], value.shape[3], query.shape[0], query.shape[1]]
    precondition(
      sizes.allSatisfy { $0 <= 1 << 30 }, "Tensor.attention: sizes below 2^30, found \(sizes)")
    let part = query.shape[1] * query.shape[3]
    let padding = operands.padding?.pointer(Float.self)
    func stride(_ axis: Int) -> Int {
      guard let bias = operands.bias, bias.shape[axis] > 1 else { return 0 }
      return bias.strides[axis]
    }
    func run(_ places: UnsafePointer<Int32>?, _ regions: UnsafePointer<Int32>?) {
      var values = mm_attention(
        batch: query.shape[0], heads: query.shape[1], queries: Int32(queries), keys: Int32(keys),
        depth: Int32(query.shape[3]), value_depth: Int32(value.shape[3]), scale: operands.scale,
        q: query.pointer(Float.self), k: key.pointer(Float.self), v: value.pointer(Float.self),
        q_at: query.attentionRows, k_at: key.attentionRows, v_at: value.attentionRows,
        o_at: output.attentionRows, bias: operands.bias?.pointer(Float.self), bias_batch: stride(0),
        bias_head: stride(1), bias_row: stride(2), windows: operands.windows?.count ?? 1, places: places,
        regions: regions, penalty: operands.windows?.penalty ?? 0, pad_q: padding,
        pad_k: padding.map { $0 + part }, pad_v: padding.map { $0 + 2 * part })
      body(&values)
    }
    guard let windows = operands.windows else { return run(nil, nil) }
    windows.places.withUnsafeBufferPointer { places in
      guard let regions = windows.regions else { return run(places.baseAddress, nil) }
      regions.withUnsafeBufferPointer { run(places.baseAddress, $0.baseAddress) }
    }
  }
}

extension Tensor {
  /// Where the rows of a tensor `[N, heads, n, d]` lie.
  fileprivate var attentionRows: mm_attention_rows {
    mm_attention_rows(batch: strides[0], head: strides[1], row: strides[2])
  }

  /// Itself, or a copy, with neighbours of the last axis side by side.
  func withDenseRows(_ backend: any Backend) -> Tensor {
    shape[rank - 1] == 1 || strides[rank - 1] == 1
      ? detached() : backend.copy(detached(), strides: Strides.contiguous(shape))
  }
}
