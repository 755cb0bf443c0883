// Rearranging whole tensors.
extension Tensor {
  /// The order of indices reversed along `axes`.
  public func flipped(_ axes: [Int]) -> Tensor {
    let axes = reductionAxes(axes)
    var (newStrides, start) = (strides, offset)
    for axis in axes where shape[axis] > 0 {
      start += (shape[axis] - 1) * strides[axis]
      newStrides[axis] = -strides[axis]
    }
    let reversed = Tensor(storage: storage, shape: shape, strides: newStrides, offset: start, dtype: dtype)
    let output = backend.copy(reversed, strides: Strides.dense(shape, like: strides))
    return Tape.record("flip", ["axes": .ints(axes)], inputs: [self], output: output) { [$0.flipped(axes)] }
  }

  /// Indices moved on by `shifts` along `axes`; what leaves at one end enters at the other, as `torch.roll`.
  public func rolled(_ shifts: [Int], axes: [Int]) -> Tensor {
    precondition(
      shifts.count == axes.count, "Tensor.rolled: a shift for each axis, found \(shifts) and \(axes)")
    let axes = reductionAxes(axes)
    let layout = Strides.dense(shape, like: strides)
    let output = Tensor(uninitialized: shape, strides: layout, dtype: dtype, device: device)
    // Each axis is cut in two; every combination of parts moves as a block.
    var blocks: [(source: Tensor, target: Tensor)] = [(detached(), output)]
    for (shift, axis) in zip(shifts, axes) where shape[axis] > 0 {
      let size = shape[axis]
      let cut = ((shift % size) + size) % size
      if cut == 0 { continue }
      blocks = blocks.flatMap { source, target in
        [
          (source.sliced(axis, 0..<(size - cut)), target.sliced(axis, cut..<size)),
          (source.sliced(axis, (size - cut)..<size), target.sliced(axis, 0..<cut)),
        ]
      }
    }
    for (source, target) in blocks { backend.copy(source, into: target) }
    return Tape.record(
      "roll", ["shifts": .ints(shifts), "axes": .ints(axes)], inputs: [self], output: output
    ) {
      [$0.rolled(shifts.map { -$0 }, axes: axes)]
    }
  }

  /// The whole tensor `counts[axis]` times along each axis, new axes in front first, as `torch.Tensor.repeat`.
  public func repeated(_ counts: [Int]) -> Tensor {
    precondition(
      counts.count >= rank && counts.allSatisfy { $0 >= 0 },
      "Tensor.repeated: a count for each axis of \(shape), found \(counts)")
    let source = [Int](repeating: 1, count: counts.count - rank) + shape
    let split = source.flatMap { [1, $0] }
    let target = zip(counts, source).flatMap { [$0, $1] }
    return reshaped(split).expanded(to: target).reshaped(zip(counts, source).map { $0 * $1 })
  }

  /// Each index along `axis` `count` times in a row, as `torch.repeat_interleave`.
  public func repeatedInterleaving(_ count: Int, axis: Int) -> Tensor {
    let at = self.axis(axis, "Tensor.repeatedInterleaving")
    precondition(count >= 0, "Tensor.repeatedInterleaving: the count must not be negative, found \(count)")
    var (target, result) = (shape, shape)
    target.insert(count, at: at + 1)
    result[at] *= count
    return unsqueezed(at + 1).expanded(to: target).reshaped(result)
  }

  /// The elements on and below the `diagonal`th diagonal of the last two axes, 0 above it.
  public func lowerTriangle(_ diagonal: Int = 0) -> Tensor { triangle { $1 - $0 <= diagonal } }

  /// The elements on and above the `diagonal`th diagonal of the last two axes, 0 below it.
  public func upperTriangle(_ diagonal: Int = 0) -> Tensor { triangle { $1 - $0 >= diagonal } }

  private func triangle(_ keeps: (_ row: Int, _ column: Int) -> Bool) -> Tensor {
    precondition(rank >= 2, "Tensor.triangle: at least two axes, found \(shape)")
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let mask = (0..<rows).flatMap { row in (0..<columns).map { keeps(row, $0) } }
    return Tensor.where(Tensor(mask, shape: [rows, columns]), self, Tensor.zeros([], dtype: dtype))
  }

  /// Coordinates of a grid: for vectors of `n0`, `n1`, ... elements as many tensors `[n0, n1, ...]` of which the `i`th
  /// varies along axis `i` (`indexing="ij"` of `torch.meshgrid`).
  public static func meshGrid(_ vectors: [Tensor]) -> [Tensor] {
    let sizes = vectors.map(\.count)
    return vectors.enumerated().map { axis, vector in
      precondition(vector.rank == 1, "Tensor.meshGrid: vectors, found shape \(vector.shape)")
      var shape = [Int](repeating: 1, count: sizes.count)
      shape[axis] = sizes[axis]
      return vector.reshaped(shape).expanded(to: sizes)
    }
  }
}
