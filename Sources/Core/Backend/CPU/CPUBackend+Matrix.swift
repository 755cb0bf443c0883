import CKernels

extension CPUBackend: MatrixBackend {
  func matrixProduct(_ a: Tensor, _ b: Tensor, batch: [Int], scale: Float) -> Tensor {
    let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
    let result = Tensor(uninitialized: batch + [m, n])
    if result.count == 0 { return result }
    if k == 0 {
      fill(result, with: 0)
      return result
    }
    let (left, right) = (MatrixOperand(a, self), MatrixOperand(b, self))
    let plan = LoopPlan(
      shape: batch, orderedBy: Strides.contiguous(batch),
      strides: [
        left.batchStrides(to: batch), right.batchStrides(to: batch),
        Strides.contiguous(batch).map { $0 * m * n },
      ])
    let count = plan.shape.last ?? 1
    let steps = plan.strides.map { $0.last ?? 0 }
    plan.forEachOuter { offsets in
      gemm(
        batch: count, m: m, n: n, k: k, scale: scale, left, offsets[0], steps[0], right, offsets[1], steps[1],
        beta: 0, result.pointer(Float.self) + offsets[2], steps[2])
    }
    return result
  }

  func linear(_ x: Tensor, weight: Tensor, bias: Tensor?) -> Tensor {
    let (m, k, n) = (x.shape[0], x.shape[1], weight.shape[0])
    let result: Tensor
    if let bias {
      result = copy(bias.expanded(to: [m, n]), strides: [n, 1])
    } else {
      result = Tensor(uninitialized: [m, n])
      if k == 0 { fill(result, with: 0) }
    }
    if result.count == 0 || k == 0 { return result }
    gemm(
      batch: 1, m: m, n: n, k: k, scale: 1, MatrixOperand(x, self), 0, 0,
      MatrixOperand(weight.transposed(), self), 0, 0, beta: bias == nil ? 0 : 1, result.pointer(Float.self), 0
    )
    return result
  }

  /// `c = scale · a · b + beta · c` for `batch` row-major products that lie `step` elements apart.
  private func gemm(
    batch: Int, m: Int, n: Int, k: Int, scale: Float, _ a: MatrixOperand, _ aOffset: Int, _ aStep: Int,
    _ b: MatrixOperand, _ bOffset: Int, _ bStep: Int, beta: Float, _ c: UnsafeMutablePointer<Float>,
    _ cStep: Int
  ) {
    precondition(
      max(batch, m, n, k, a.leading, b.leading) <= Int(Int32.max),
      "Tensor.matmul: sizes below 2^31, found \(batch) products of \(m) x \(k) and \(k) x \(n)")
    mm_gemm_batched(
      Int32(batch), a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int32(m), Int32(n), Int32(k), scale,
      a.tensor.pointer(Float.self) + aOffset, Int32(a.leading), aStep, b.tensor.pointer(Float.self) + bOffset,
      Int32(b.leading), bStep, beta, c, Int32(n), cStep)
  }
}

/// A batch of matrices as a matrix product reads it: in place where rows or columns are contiguous, else from a copy.
private struct MatrixOperand {
  let tensor: Tensor
  let isTransposed: Bool
  /// Elements between the stored rows.
  let leading: Int

  init(_ tensor: Tensor, _ backend: CPUBackend) {
    if let (isTransposed, leading) = Self.layout(tensor) {
      (self.tensor, self.isTransposed, self.leading) = (tensor, isTransposed, leading)
    } else {
      self.tensor = backend.copy(tensor, strides: Strides.contiguous(tensor.shape))
      (isTransposed, leading) = (false, max(1, tensor.shape[tensor.rank - 1]))
    }
  }

  private static func layout(_ tensor: Tensor) -> (isTransposed: Bool, leading: Int)? {
    let (r, c) = (tensor.rank - 2, tensor.rank - 1)
    let (rows, columns) = (tensor.shape[r], tensor.shape[c])
    if columns == 1 || tensor.strides[c] == 1 {
      let leading = rows == 1 ? columns : tensor.strides[r]
      if leading >= columns { return (false, leading) }
    }
    if rows == 1 || tensor.strides[r] == 1 {
      let leading = columns == 1 ? rows : tensor.strides[c]
      if leading >= rows { return (true, leading) }
    }
    return nil
  }

  /// Strides along the batch axes, 0 where this operand is broadcast.
  func batchStrides(to batch: [Int]) -> [Int] {
    let lead = batch.count - (tensor.rank - 2)
    return batch.indices.map { axis in
      axis < lead || tensor.shape[axis - lead] != batch[axis] ? 0 : tensor.strides[axis - lead]
    }
  }
}

extension LoopPlan {
  /// Calls `body` with each tensor's offset for every index of all axes but the last.
  func forEachOuter(_ body: (_ offsets: [Int]) -> Void) {
    let outer = Array(shape.dropLast())
    var index = [Int](repeating: 0, count: outer.count)
    var offsets = [Int](repeating: 0, count: strides.count)
    for _ in 0..<elementCount(of: outer) {
      body(offsets)
      for axis in outer.indices.reversed() {
        index[axis] += 1
        for tensor in offsets.indices { offsets[tensor] += strides[tensor][axis] }
        if index[axis] < outer[axis] { break }
        for tensor in offsets.indices { offsets[tensor] -= strides[tensor][axis] * outer[axis] }
        index[axis] = 0
      }
    }
  }
}
