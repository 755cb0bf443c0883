import CKernels

extension CPUBackend {
  func sort(_ x: Tensor, descending: Bool) -> (values: Tensor, indices: Tensor) {
    let x = copyUnlessContiguous(x)
    let n = x.shape[x.rank - 1]
    let (values, indices) = (Tensor(uninitialized: x.shape), Tensor(uninitialized: x.shape, dtype: .int64))
    if x.count == 0 { return (values, indices) }
    mm_sort(
      x.count / n, n, descending ? 1 : 0, x.pointer(Float.self), values.pointer(Float.self),
      indices.pointer(Int64.self))
    return (values, indices)
  }

  func topK(_ x: Tensor, _ k: Int, largest: Bool) -> (values: Tensor, indices: Tensor) {
    let x = copyUnlessContiguous(x)
    let n = x.shape[x.rank - 1]
    let shape = Array(x.shape.dropLast()) + [k]
    let (values, indices) = (Tensor(uninitialized: shape), Tensor(uninitialized: shape, dtype: .int64))
    if values.count == 0 { return (values, indices) }
    mm_topk(
      x.count / n, n, k, largest ? 1 : 0, x.pointer(Float.self), values.pointer(Float.self),
      indices.pointer(Int64.self))
    return (values, indices)
  }

  func nonzero(_ mask: Tensor) -> Tensor {
    let mask = copyUnlessContiguous(mask)
    let count = mm_nonzero(mask.count, mask.pointer(UInt8.self), nil)
    let result = Tensor(uninitialized: [count], dtype: .int64)
    if count > 0 { _ = mm_nonzero(mask.count, mask.pointer(UInt8.self), result.pointer(Int64.self)) }
    return result
  }
}
