import CKernels

extension CPUBackend: ReductionBackend {
  func reduce(_ reduction: Reduction, _ x: Tensor, axes: [Int]) -> Tensor {
    var shape = x.shape
    for axis in axes { shape[axis] = 1 }
    // The axes that stay keep the order that they have in memory.
    let y = Tensor(uninitialized: shape, strides: Strides.dense(shape, like: x.strides))
    let order = x.shape.indices.sorted { (x.strides[$0], $1) > (x.strides[$1], $0) }
    let reduced = Set(axes)
    mm_reduce_dims(
      reduction.kernel, Int32(x.rank), order.map { x.shape[$0] }, order.map { x.strides[$0] },
      order.map { reduced.contains($0) ? 1 : 0 }, x.pointer(Float.self), y.pointer(Float.self))
    return y
  }
}

extension Reduction {
  fileprivate var kernel: mm_reduction {
    switch self {
    case .sum: MM_REDUCE_SUM
    case .mean: MM_REDUCE_MEAN
    case .maximum: MM_REDUCE_MAX
    case .minimum: MM_REDUCE_MIN
    case .product: MM_REDUCE_PROD
    }
  }
}
