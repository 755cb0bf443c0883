// Reductions over axes, and their gradients.
extension Tensor {
  /// The sum over `axes` (all when none are named).
  public func sum(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let (axes, before) = (reductionAxes(axes), shape)
    return finish("sum", reduced(.sum, axes), axes, keepingAxes) { $0.expanded(to: before) }
  }

  /// The mean over `axes` (all when none are named).
  public func mean(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let (axes, before) = (reductionAxes(axes), shape)
    let scale = 1 / Float(max(1, axes.reduce(1) { $0 * shape[$1] }))
    return finish("mean", reduced(.mean, axes), axes, keepingAxes) {
      $0.scaled(by: scale).expanded(to: before)
    }
  }

  /// The sum over the axes by which `shape` was broadcast to this tensor's: the gradient of a broadcast.
  public func summed(to target: [Int]) -> Tensor {
    if shape == target { return self }
    let lead = rank - target.count
    let axes = (0..<rank).filter { $0 < lead || (target[$0 - lead] == 1 && shape[$0] != 1) }
    let before = shape
    let output = reduced(.sum, axes)
    let squeezed = Tensor(
      storage: output.storage, shape: target, strides: Array(output.strides[lead...]), offset: output.offset,
      dtype: dtype)
    return Tape.record("sum", inputs: [self], output: squeezed) { [$0.expanded(to: before)] }
  }

  func reduced(_ reduction: Reduction, _ axes: [Int]) -> Tensor {
    requireFloat("reduce")
    return backend.reduce(reduction, detached(), axes: axes)
  }

  func reductionAxes(_ axes: [Int]?) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    let result = axes.map { axis($0, "Tensor.reduce") }
    precondition(Set(result).count == result.count, "Tensor.reduce: each axis once, found \(axes)")
    return result
  }

  /// Drops reduced axes unless they are kept, and records the operation with a gradient from the kept form.
  private func finish(
    _ name: StaticString, _ output: Tensor, _ axes: [Int], _ keepingAxes: Bool,
    _ gradient: @escaping (Tensor) -> Tensor
  ) -> Tensor {
    let kept = output.shape
    var result = output
    if !keepingAxes {
      let stay = (0..<rank).filter { !axes.contains($0) }
      result = Tensor(
        storage: output.storage, shape: stay.map { output.shape[$0] },
        strides: stay.map { output.strides[$0] },
        offset: output.offset, dtype: dtype)
    }
    return Tape.record(name, inputs: [self], output: result) { [gradient($0.reshaped(kept))] }
  }
}
