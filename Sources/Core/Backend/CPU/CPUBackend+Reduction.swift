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

  func extremum(_ x: Tensor, axis: Int, largest: Bool) -> (values: Tensor, indices: Tensor) {
    let x = dense(x)
    let line = AxisLine(x, axis)
    var shape = x.shape
    shape[axis] = 1
    let strides = Strides.dense(shape, like: x.strides)
    let values = Tensor(uninitialized: shape, strides: strides)
    let indices = Tensor(uninitialized: shape, strides: strides, dtype: .int64)
    (largest ? mm_argmax : mm_argmin)(
      line.outer, line.count, line.inner, x.pointer(Float.self), values.pointer(Float.self),
      indices.pointer(Int64.self))
    return (values, indices)
  }

  func holds(_ x: Tensor, all: Bool) -> Tensor {
    let x = copyUnlessContiguous(x)
    let y = Tensor(uninitialized: Array(x.shape.dropLast()), dtype: .bool)
    (all ? mm_all : mm_any)(y.count, x.shape[x.rank - 1], 1, x.pointer(UInt8.self), y.pointer(UInt8.self))
    return y
  }

  func cumulativeSum(_ x: Tensor, axis: Int, reversed: Bool) -> Tensor {
    let x = dense(x)
    let line = AxisLine(x, axis)
    let y = Tensor(uninitialized: x.shape, strides: x.strides)
    mm_cumsum(
      line.outer, line.count, line.inner, reversed ? 1 : 0, x.pointer(Float.self), y.pointer(Float.self))
    return y
  }

  func productGradient(_ x: Tensor, gradient: Tensor) -> Tensor {
    let (x, gradient) = (copyUnlessContiguous(x), copyUnlessContiguous(gradient))
    let result = Tensor(uninitialized: x.shape)
    let n = x.shape[x.rank - 1]
    for row in 0..<gradient.count {
      let (source, target) = (x.pointer(Float.self) + row * n, result.pointer(Float.self) + row * n)
      // Products of all elements before, then times those of all after: right also where elements are 0.
      var product = Double(gradient.pointer(Float.self)[row])
      for i in 0..<n {
        target[i] = Float(product)
        product *= Double(source[i])
      }
      product = 1
      for i in (0..<n).reversed() {
        target[i] *= Float(product)
        product *= Double(source[i])
      }
    }
    return result
  }

  func softmax(_ x: Tensor, axis: Int, logarithm: Bool) -> Tensor {
    let x = dense(x)
    let line = AxisLine(x, axis)
    let y = Tensor(uninitialized: x.shape, strides: x.strides)
    (logarithm ? mm_log_softmax_forward : mm_softmax_forward)(
      line.outer, line.count, line.inner, x.pointer(Float.self), y.pointer(Float.self))
    return y
  }

  func softmaxGradient(_ y: Tensor, gradient: Tensor, axis: Int, logarithm: Bool) -> Tensor {
    let gradient = arranged(gradient, y.strides)
    let line = AxisLine(y, axis)
    let result = Tensor(uninitialized: y.shape, strides: y.strides)
    (logarithm ? mm_log_softmax_backward : mm_softmax_backward)(
      line.outer, line.count, line.inner, y.pointer(Float.self), gradient.pointer(Float.self),
      result.pointer(Float.self))
    return result
  }

  /// `tensor` itself if it is row-major, else a row-major copy.
  func copyUnlessContiguous(_ tensor: Tensor) -> Tensor {
    tensor.isContiguous ? tensor : copy(tensor, strides: Strides.contiguous(tensor.shape))
  }
}

/// A dense tensor seen as `[outer, count, inner]` in the order of its memory, `count` being one of its axes.
struct AxisLine {
  let outer: Int
  let count: Int
  let inner: Int

  init(_ tensor: Tensor, _ axis: Int) {
    let (shape, strides) = (tensor.shape, tensor.strides)
    count = shape[axis]
    if tensor.isContiguous {
      inner = elementCount(of: Array(shape[(axis + 1)...]))
      outer = elementCount(of: Array(shape[..<axis]))
      return
    }
    var (slower, faster) = (1, 1)
    for other in shape.indices where other != axis {
      if count > 1 && shape[other] > 1 && strides[other] < strides[axis] {
        faster *= shape[other]
      } else {
        slower *= shape[other]
      }
    }
    (outer, inner) = (slower, faster)
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
