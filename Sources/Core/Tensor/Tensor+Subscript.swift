/// One entry between the brackets of `tensor[...]`: a whole number takes an index and drops the axis, ranges keep it.
public protocol TensorIndex {
  /// The part of `tensor` that this entry picks at `axis`, and the axis at which the next entry works.
  func pick(from tensor: Tensor, axis: Int) -> (tensor: Tensor, next: Int)
}

/// Entries that are no numbers: `.all` and `.new`.
public struct TensorAxis: TensorIndex {
  private let isNew: Bool

  fileprivate init(isNew: Bool) { self.isNew = isNew }

  public func pick(from tensor: Tensor, axis: Int) -> (tensor: Tensor, next: Int) {
    (isNew ? tensor.unsqueezed(axis) : tensor, axis + 1)
  }
}

extension TensorIndex where Self == TensorAxis {
  /// The whole axis, as `:` in Python.
  public static var all: TensorAxis { TensorAxis(isNew: false) }
  /// A new axis of size 1, as `None` in Python.
  public static var new: TensorAxis { TensorAxis(isNew: true) }
}

extension Int: TensorIndex {
  public func pick(from tensor: Tensor, axis: Int) -> (tensor: Tensor, next: Int) {
    (tensor.selected(axis, self), axis)
  }
}

extension Range: TensorIndex where Bound == Int {
  public func pick(from tensor: Tensor, axis: Int) -> (tensor: Tensor, next: Int) {
    (tensor.sliced(axis, self), axis + 1)
  }
}

extension ClosedRange: TensorIndex where Bound == Int {
  public func pick(from tensor: Tensor, axis: Int) -> (tensor: Tensor, next: Int) {
    (tensor.sliced(axis, Range(self)), axis + 1)
  }
}

extension PartialRangeFrom: TensorIndex where Bound == Int {
  public func pick(from tensor: Tensor, axis: Int) -> (tensor: Tensor, next: Int) {
    let size = tensor.shape[tensor.axis(axis, "Tensor.subscript")]
    precondition(
      lowerBound <= size, "Tensor.subscript: a range that begins within 0...\(size), found \(lowerBound)...")
    return (tensor.sliced(axis, lowerBound..<size), axis + 1)
  }
}

extension PartialRangeUpTo: TensorIndex where Bound == Int {
  public func pick(from tensor: Tensor, axis: Int) -> (tensor: Tensor, next: Int) {
    precondition(upperBound >= 0, "Tensor.subscript: a range that ends at 0 or above, found ..<\(upperBound)")
    return (tensor.sliced(axis, 0..<upperBound), axis + 1)
  }
}

extension Tensor {
  /// The part that the entries pick, axis after axis: `x[0, .all, 2..<5, .new]`. A view; later axes stay whole.
  public subscript(_ entries: any TensorIndex...) -> Tensor {
    var (result, axis) = (self, 0)
    for entry in entries { (result, axis) = entry.pick(from: result, axis: axis) }
    return result
  }
}
