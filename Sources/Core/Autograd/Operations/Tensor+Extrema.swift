// Largest and smallest elements.
extension Tensor {
  /// The largest elements along `axis`, and where they are as `int64`: the first of equals. The gradient goes there.
  public func maximum(along axis: Int, keepingAxis: Bool = false) -> (values: Tensor, indices: Tensor) {
    extremum("max", axis, keepingAxis, largest: true)
  }

  /// The smallest elements along `axis`, and where they are as `int64`: the first of equals. The gradient goes there.
  public func minimum(along axis: Int, keepingAxis: Bool = false) -> (values: Tensor, indices: Tensor) {
    extremum("min", axis, keepingAxis, largest: false)
  }

  /// Where the largest elements along `axis` are, as `int64`; without an axis, the row-major position of the largest.
  public func argmax(_ axis: Int? = nil, keepingAxis: Bool = false) -> Tensor {
    withoutGradient {
      guard let axis else { return flattened().maximum(along: 0).indices }
      return maximum(along: axis, keepingAxis: keepingAxis).indices
    }
  }

  /// Where the smallest elements along `axis` are, as `int64`; without an axis, the row-major position of the smallest.
  public func argmin(_ axis: Int? = nil, keepingAxis: Bool = false) -> Tensor {
    withoutGradient {
      guard let axis else { return flattened().minimum(along: 0).indices }
      return minimum(along: axis, keepingAxis: keepingAxis).indices
    }
  }

  /// The largest elements over `axes` (all when none are named); equal ones share the gradient, as in `torch.amax`.
  public func amax(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    shared("amax", .maximum, axes, keepingAxes)
  }

  /// The smallest elements over `axes` (all when none are named); equal ones share the gradient, as in `torch.amin`.
  public func amin(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    shared("amin", .minimum, axes, keepingAxes)
  }

  private func extremum(
    _ name: StaticString, _ axis: Int, _ keepingAxis: Bool, largest: Bool
  ) -> (values: Tensor, indices: Tensor) {
    requireFloat(name)
    let at = self.axis(axis, name)
    precondition(shape[at] > 0, "Tensor.\(name): an axis that is not empty, found \(shape)")
    let before = shape
    let (kept, indices) = backend.extremum(detached(), axis: at, largest: largest)
    let values = Tape.record(name, ["axis": .int(at)], inputs: [self], output: kept, saving: [indices]) {
      gradient in
      [gradient.backend.scatter(Tensor.zeros(before), axis: at, index: indices, gradient, adding: false)]
    }
    return keepingAxis ? (values, indices) : (values.squeezed(at), indices.squeezed(at))
  }

  private func shared(_ name: StaticString, _ reduction: Reduction, _ axes: [Int]?, _ keepingAxes: Bool)
    -> Tensor
  {
    let axes = reductionAxes(axes)
    let x = detached()
    let kept = reduced(reduction, axes)
    let result = Tape.record(name, ["axes": .ints(axes)], inputs: [self], output: kept, saving: [x, kept]) {
      gradient in
      let hits = x.compared(.equal, kept).converted(to: .float32)
      return [hits * (gradient / hits.sum(axes, keepingAxes: true))]
    }
    return keepingAxes ? result : result.reshaped((0..<rank).filter { !axes.contains($0) }.map { shape[$0] })
  }
}
