// Sorting. NaN counts as the largest; equal elements stay in order.
extension Tensor {
  /// Sorted along `axis`, and where the elements were.
  public func sorted(_ axis: Int = -1, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
    ordered(axis, "Tensor.sorted") { $0.backend.sort($0, descending: descending) }
  }

  /// Where the elements of a sorted line come from.
  public func argsorted(_ axis: Int = -1, descending: Bool = false) -> Tensor {
    withoutGradient { sorted(axis, descending: descending).indices }
  }

  /// The `k` largest (smallest) elements along `axis`, sorted, and where they were.
  public func topK(_ k: Int, axis: Int = -1, largest: Bool = true) -> (values: Tensor, indices: Tensor) {
    let size = rank == 0 ? 1 : shape[self.axis(axis, "Tensor.topK")]
    precondition(k >= 0 && k <= size, "Tensor.topK: k in 0...\(size), found \(k)")
    return ordered(axis, "Tensor.topK") { $0.backend.topK($0, k, largest: largest) }
  }

  /// The `k`th smallest element along `axis`, counted from 1, and where it was.
  public func kthValue(_ k: Int, axis: Int = -1, keepingAxis: Bool = false) -> (
    values: Tensor, indices: Tensor
  ) {
    let size = rank == 0 ? 1 : shape[self.axis(axis, "Tensor.kthValue")]
    precondition(k >= 1 && k <= size, "Tensor.kthValue: k in 1...\(size), found \(k)")
    let (values, indices) = topK(k, axis: axis, largest: false)
    if rank == 0 { return (values, indices) }
    let (value, index) = (values.sliced(axis, (k - 1)..<k), indices.sliced(axis, (k - 1)..<k))
    return keepingAxis ? (value, index) : (value.squeezed(axis), index.squeezed(axis))
  }

  /// The different elements, ascending; for each element of this tensor where it is among them; and how often each
  /// occurs.
  ///
  /// - Precondition: the type is `float32`, `int64` or one that converts to `int64` without loss.
  public func unique() -> (values: Tensor, inverse: Tensor, counts: Tensor) {
    if dtype == .float32 { return Self.unique(floats, shape) }
    precondition(!dtype.isFloatingPoint, "Tensor.unique: float32 or an integer type, found \(dtype)")
    let (values, inverse, counts) = Self.unique(converted(to: .int64).elements(as: Int64.self), shape)
    return (values.converted(to: dtype), inverse, counts)
  }

  private static func unique<Scalar: TensorScalar & Comparable>(
    _ elements: [Scalar], _ shape: [Int]
  ) -> (values: Tensor, inverse: Tensor, counts: Tensor) {
    let order = elements.indices.sorted { (elements[$0], $0) < (elements[$1], $1) }
    var values: [Scalar] = []
    var counts: [Int64] = []
    var inverse = [Int64](repeating: 0, count: elements.count)
    for index in order {
      if let last = values.last, last == elements[index] {
        counts[counts.count - 1] += 1
      } else {
        values.append(elements[index])
        counts.append(1)
      }
      inverse[index] = Int64(values.count - 1)
    }
    return (Tensor(values), Tensor(inverse, shape: shape), Tensor(counts))
  }

  /// Runs `operation`, which works along the last axis, along `axis`; gradients go back to where values came from.
  private func ordered(
    _ axis: Int, _ name: StaticString, _ operation: (Tensor) -> (values: Tensor, indices: Tensor)
  ) -> (values: Tensor, indices: Tensor) {
    precondition(dtype == .float32, "\(name): a float32 tensor, found \(dtype)")
    if rank == 0 {
      let (values, indices) = unsqueezed(0).ordered(0, name, operation)
      return values.count == 1 ? (values.reshaped([]), indices.reshaped([])) : (values, indices)
    }
    let at = self.axis(axis, name)
    let (values, indices) = operation(detached().transposed(at, -1))
    let order = indices.transposed(at, -1)
    return (Tape.isRecording(self) ? gathered(at, order) : values.transposed(at, -1), order)
  }
}
