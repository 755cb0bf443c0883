import CKernels
import Glibc

extension CPUBackend: IndexBackend {
  func indexSelect(_ x: Tensor, axis: Int, index: Tensor) -> Tensor {
    // The layout stays, unless a size of 1 leaves the place of the axis open.
    let (x, index) = (x.shape[axis] > 1 ? dense(x) : copyUnlessContiguous(x), copyUnlessContiguous(index))
    let line = AxisLine(x, axis)
    var shape = x.shape
    shape[axis] = index.count
    let strides = x.isContiguous ? Strides.contiguous(shape) : Strides.dense(shape, like: x.strides)
    let y = Tensor(uninitialized: shape, strides: strides, dtype: x.dtype)
    let m = index.count
    if x.dtype == .float32 {
      let bad = mm_index_select(
        line.outer, line.count, line.inner, m, x.pointer(Float.self), index.pointer(Int64.self),
        y.pointer(Float.self))
      checkIndex(bad, index, line.count, "indexSelected")
    } else {
      let size = line.inner * x.dtype.size
      let rows = index.pointer(Int64.self)
      for i in 0..<m {
        checkIndex(rows[i] >= 0 && rows[i] < line.count ? 0 : i + 1, index, line.count, "indexSelected")
      }
      for o in 0..<line.outer {
        for i in 0..<m {
          memcpy(y.bytes + (o * m + i) * size, x.bytes + (o * line.count + Int(rows[i])) * size, size)
        }
      }
    }
    return y
  }

  func indexAdd(_ y: Tensor, axis: Int, index: Tensor, shape: [Int], strides: [Int]) -> Tensor {
    let strides = shape[axis] > 1 ? Strides.dense(shape, like: strides) : Strides.contiguous(shape)
    let result = Tensor(uninitialized: shape, strides: strides)
    fill(result, with: 0)
    let index = copyUnlessContiguous(index)
    let source = arranged(y, Strides.dense(y.shape, like: strides))
    let line = AxisLine(result, axis)
    checkIndex(
      mm_index_add(
        line.outer, line.count, line.inner, index.count, source.pointer(Float.self),
        index.pointer(Int64.self),
        result.pointer(Float.self)), index, line.count, "indexAdd")
    return result
  }

  func gather(_ x: Tensor, axis: Int, index: Tensor) -> Tensor {
    let (x, index) = (copyUnlessContiguous(x), copyUnlessContiguous(index))
    let line = AxisLine(x, axis)
    let m = index.shape[axis]
    let y = Tensor(uninitialized: index.shape, dtype: x.dtype)
    if x.dtype == .float32 {
      checkIndex(
        mm_gather(
          line.outer, line.count, line.inner, m, x.pointer(Float.self), index.pointer(Int64.self),
          y.pointer(Float.self)), index, line.count, "gathered")
      return y
    }
    let (at, size) = (index.pointer(Int64.self), x.dtype.size)
    for i in 0..<index.count {
      checkIndex(at[i] >= 0 && at[i] < line.count ? 0 : i + 1, index, line.count, "gathered")
      let (o, inner) = (i / (m * line.inner), i % line.inner)
      memcpy(y.bytes + i * size, x.bytes + ((o * line.count + Int(at[i])) * line.inner + inner) * size, size)
    }
    return y
  }

  func scatter(_ x: Tensor, axis: Int, index: Tensor, _ y: Tensor, adding: Bool) -> Tensor {
    let (index, y) = (copyUnlessContiguous(index), copyUnlessContiguous(y))
    let result = copy(x, strides: Strides.contiguous(x.shape))
    let line = AxisLine(result, axis)
    checkIndex(
      (adding ? mm_scatter_add : mm_scatter)(
        line.outer, line.count, line.inner, index.shape[axis], y.pointer(Float.self),
        index.pointer(Int64.self),
        result.pointer(Float.self)), index, line.count, adding ? "scatterAdded" : "scattered")
    return result
  }

  func embedding(_ table: Tensor, _ index: Tensor) -> Tensor {
    let (table, index) = (copyUnlessContiguous(table), copyUnlessContiguous(index))
    let y = Tensor(uninitialized: index.shape + [table.shape[1]])
    checkIndex(
      mm_embedding_forward(
        table.shape[0], table.shape[1], index.count, table.pointer(Float.self), index.pointer(Int64.self),
        y.pointer(Float.self)), index, table.shape[0], "embedding")
    return y
  }

  func embeddingGradient(_ gradient: Tensor, _ index: Tensor, rows: Int, padding: Int?) -> Tensor {
    let (gradient, index) = (copyUnlessContiguous(gradient), copyUnlessContiguous(index))
    let width = gradient.shape[gradient.rank - 1]
    let result = Tensor(uninitialized: [rows, width])
    fill(result, with: 0)
    checkIndex(
      mm_embedding_backward(
        rows, width, index.count, padding ?? -1, gradient.pointer(Float.self), index.pointer(Int64.self),
        result.pointer(Float.self)), index, rows, "embedding")
    return result
  }

  func oneHot(_ index: Tensor, classes: Int) -> Tensor {
    let index = copyUnlessContiguous(index)
    let y = Tensor(uninitialized: index.shape + [classes])
    checkIndex(
      mm_one_hot(index.count, classes, index.pointer(Int64.self), y.pointer(Float.self)), index, classes,
      "oneHot")
    return y
  }

  /// Traps for a kernel's report of `bad`: 0, or 1 + the position of an index that is out of range.
  private func checkIndex(_ bad: Int, _ index: Tensor, _ count: Int, _ operation: StaticString) {
    precondition(
      bad == 0,
      """
      Tensor.\(operation): indices must lie in 0..<\(count), found \(index.pointer(Int64.self)[max(0, bad - 1)]) \
      at position \(bad - 1)
      """)
  }
}
