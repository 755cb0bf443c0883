/// Taking, placing and sorting elements by index. Indices are `int64`; one that is out of range traps.
protocol IndexBackend {
  /// `x` of any type at `index` `[m]` along `axis`.
  func indexSelect(_ x: Tensor, axis: Int, index: Tensor) -> Tensor
  /// Zeros like `shape`, laid out as `strides`, to which `y` is added at `index` along `axis`: the gradient of
  /// `indexSelect`.
  func indexAdd(_ y: Tensor, axis: Int, index: Tensor, shape: [Int], strides: [Int]) -> Tensor
  /// `x` of any type with an index for each element of the result along `axis`; other sizes agree.
  func gather(_ x: Tensor, axis: Int, index: Tensor) -> Tensor
  /// A copy of `x` in which `y` is written (or added) at `index` along `axis`; of equal indices the last one counts.
  func scatter(_ x: Tensor, axis: Int, index: Tensor, _ y: Tensor, adding: Bool) -> Tensor
  /// Rows of `table` `[rows, width]`: `index.shape + [width]`.
  func embedding(_ table: Tensor, _ index: Tensor) -> Tensor
  /// The gradient of `embedding`, 0 in row `padding`.
  func embeddingGradient(_ gradient: Tensor, _ index: Tensor, rows: Int, padding: Int?) -> Tensor
  /// `index.shape + [classes]` of 0 and 1.
  func oneHot(_ index: Tensor, classes: Int) -> Tensor
  /// Sorted along the last axis, stably; NaN is the largest. Row-major.
  func sort(_ x: Tensor, descending: Bool) -> (values: Tensor, indices: Tensor)
  /// The `k` largest (smallest) along the last axis, sorted. Row-major.
  func topK(_ x: Tensor, _ k: Int, largest: Bool) -> (values: Tensor, indices: Tensor)
  /// Row-major positions at which a `bool` tensor holds, ascending: `[count]`.
  func nonzero(_ mask: Tensor) -> Tensor
  /// Arithmetic of `int64` tensors of one shape; overflow wraps, division rounds down.
  func integer(_ operation: IntegerOperation, _ a: Tensor, _ b: Tensor) -> Tensor
  func compareIntegers(_ comparison: Comparison, _ a: Tensor, _ b: Tensor) -> Tensor
  /// `mask ? a : b` for tensors of one shape and any type.
  func selectBytes(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor
}

/// Arithmetic on pairs of whole numbers.
public enum IntegerOperation: Sendable {
  case add, subtract, multiply, floorDivide, remainder, maximum, minimum
  case and, or, xor
}
