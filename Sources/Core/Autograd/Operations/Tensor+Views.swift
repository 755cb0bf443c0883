// Views share the storage of the tensor that they look at; gradients pass back through them.
extension Tensor {
  /// A view without a place in the graph.
  private func view(shape: [Int], strides: [Int], offset: Int? = nil) -> Tensor {
    Tensor(storage: storage, shape: shape, strides: strides, offset: offset ?? self.offset, dtype: dtype)
  }

  /// The same elements, in row-major order, under another shape; a view where the layout allows it.
  ///
  /// - Parameter newShape: one size may be -1 and is then worked out.
  /// - Precondition: the number of elements stays the same.
  public func reshaped(_ newShape: [Int]) -> Tensor {
    var target = newShape
    if let free = target.firstIndex(of: -1) {
      target[free] = 1
      let rest = elementCount(of: target)
      precondition(rest > 0 && count % rest == 0, "Tensor.reshaped: \(shape) does not fill \(newShape)")
      target[free] = count / rest
    }
    precondition(
      elementCount(of: target) == count, "Tensor.reshaped: as many elements as \(shape), found \(newShape)")
    if target == shape { return self }
    let output: Tensor
    if let strides = Strides.reshaped(shape, strides, to: target) {
      output = view(shape: target, strides: strides)
    } else {
      let copy = backend.copy(detached(), strides: Strides.contiguous(shape))
      output = Tensor(storage: copy.storage, shape: target, strides: Strides.contiguous(target), dtype: dtype)
    }
    let before = shape
    return Tape.record("reshape", inputs: [self], output: output) { [$0.reshaped(before)] }
  }

  /// The axes from `start` to `end` (inclusive) as one, as `torch.flatten`.
  public func flattened(from start: Int = 0, to end: Int = -1) -> Tensor {
    if rank == 0 { return reshaped([1]) }
    let (first, last) = (axis(start, "Tensor.flattened"), axis(end, "Tensor.flattened"))
    precondition(first <= last, "Tensor.flattened: the first axis must not come after the last")
    return reshaped(
      Array(shape[..<first]) + [elementCount(of: Array(shape[first...last]))] + shape[(last + 1)...])
  }

  /// The axes in another order: axis `i` of the result is axis `axes[i]` of this tensor.
  public func permuted(_ axes: [Int]) -> Tensor {
    let axes = axes.map { axis($0, "Tensor.permuted") }
    precondition(
      axes.sorted() == Array(0..<rank), "Tensor.permuted: each of \(rank) axes once, found \(axes)")
    var inverse = [Int](repeating: 0, count: rank)
    for (new, old) in axes.enumerated() { inverse[old] = new }
    let output = view(shape: axes.map { shape[$0] }, strides: axes.map { strides[$0] })
    return Tape.record("permute", inputs: [self], output: output) { [$0.permuted(inverse)] }
  }

  /// Two axes exchanged.
  public func transposed(_ a: Int = -2, _ b: Int = -1) -> Tensor {
    var axes = Array(0..<rank)
    axes.swapAt(axis(a, "Tensor.transposed"), axis(b, "Tensor.transposed"))
    return permuted(axes)
  }

  /// A new axis of size 1 before `position` (`-1` appends).
  public func unsqueezed(_ position: Int) -> Tensor {
    precondition(
      position >= -rank - 1 && position <= rank, "Tensor.unsqueezed: a position in \(-rank - 1)...\(rank)")
    let at = position < 0 ? position + rank + 1 : position
    var (newShape, newStrides) = (shape, strides)
    newShape.insert(1, at: at)
    newStrides.insert(at < rank ? strides[at] * shape[at] : 1, at: at)
    let output = view(shape: newShape, strides: newStrides)
    return Tape.record("unsqueeze", inputs: [self], output: output) { [$0.squeezed(at)] }
  }

  /// Without the axis, if its size is 1.
  public func squeezed(_ axis: Int) -> Tensor {
    let at = self.axis(axis, "Tensor.squeezed")
    guard shape[at] == 1 else { return self }
    var (newShape, newStrides) = (shape, strides)
    newShape.remove(at: at)
    newStrides.remove(at: at)
    let output = view(shape: newShape, strides: newStrides)
    return Tape.record("squeeze", inputs: [self], output: output) { [$0.unsqueezed(at)] }
  }

  /// Sizes of 1 repeated without a copy, and new axes in front, as `torch.Tensor.expand`; -1 keeps a size.
  public func expanded(to newShape: [Int]) -> Tensor {
    precondition(newShape.count >= rank, "Tensor.expanded: at least \(rank) axes, found \(newShape)")
    let lead = newShape.count - rank
    var (target, newStrides) = (newShape, [Int](repeating: 0, count: newShape.count))
    for axis in 0..<rank {
      if target[lead + axis] == -1 { target[lead + axis] = shape[axis] }
      if shape[axis] == target[lead + axis] {
        newStrides[lead + axis] = strides[axis]
      } else {
        precondition(shape[axis] == 1, "Tensor.expanded: \(shape) does not expand to \(newShape)")
      }
    }
    if target == shape { return self }
    let before = shape
    let output = view(shape: target, strides: newStrides)
    return Tape.record("expand", inputs: [self], output: output) { [$0.summed(to: before)] }
  }

  /// Every `step`th index of `range` along `axis`.
  ///
  /// - Precondition: the range lies within the axis and `step` is positive.
  public func sliced(_ axis: Int, _ range: Range<Int>, step: Int = 1) -> Tensor {
    let at = self.axis(axis, "Tensor.sliced")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape[at] && step > 0,
      "Tensor.sliced: a range in 0..<\(shape[at]) and a positive step, found \(range) by \(step)")
    var (newShape, newStrides) = (shape, strides)
    newShape[at] = (range.count + step - 1) / step
    newStrides[at] = strides[at] * step
    let output = view(shape: newShape, strides: newStrides, offset: offset + range.lowerBound * strides[at])
    guard Tape.isRecording(self) else { return Tape.record("slice", inputs: [self], output: output) { [$0] } }
    let (shape, strides, dtype) = (shape, Strides.dense(shape, like: strides), dtype)
    return Tape.record("slice", inputs: [self], output: output) { gradient in
      let full = Tensor(uninitialized: shape, strides: strides, dtype: dtype)
      full.backend.fill(full, with: 0)
      full.backend.copy(gradient, into: full.sliced(at, range, step: step))
      return [full]
    }
  }

  /// Index `index` along `axis`, without that axis; negative indices count from the end.
  public func selected(_ axis: Int, _ index: Int) -> Tensor {
    let at = self.axis(axis, "Tensor.selected")
    precondition(
      index >= -shape[at] && index < shape[at],
      "Tensor.selected: an index in \(-shape[at])..<\(shape[at]), found \(index)")
    let index = index < 0 ? index + shape[at] : index
    return sliced(at, index..<(index + 1)).squeezed(at)
  }

  /// Pieces of `sizes` along `axis`.
  public func split(_ axis: Int, sizes: [Int]) -> [Tensor] {
    let at = self.axis(axis, "Tensor.split")
    precondition(
      sizes.reduce(0, +) == shape[at], "Tensor.split: sizes that add up to \(shape[at]), found \(sizes)")
    var start = 0
    let ranges = sizes.map { size in
      defer { start += size }
      return start..<(start + size)
    }
    let source = detached()
    let pieces = withoutGradient { ranges.map { source.sliced(at, $0) } }
    let (shape, strides, dtype, backend) = (shape, Strides.dense(shape, like: strides), dtype, backend)
    // One gradient for all pieces, instead of a sum of as many that are mostly 0.
    return Tape.record("split", ["axis": .int(at), "sizes": .ints(sizes)], inputs: [self], outputs: pieces) {
      gradients in
      let full = Tensor(uninitialized: shape, strides: strides, dtype: dtype)
      for (range, gradient) in zip(ranges, gradients) {
        let part = full.sliced(at, range)
        backend.copy(gradient ?? Tensor.zeros([], dtype: dtype).expanded(to: part.shape), into: part)
      }
      return [full]
    }
  }

  /// Up to `pieces` pieces of equal size along `axis`, the last one possibly smaller, as `torch.chunk`.
  public func chunked(_ axis: Int, _ pieces: Int) -> [Tensor] {
    let at = self.axis(axis, "Tensor.chunked")
    precondition(pieces > 0, "Tensor.chunked: at least one piece")
    let size = max(1, (shape[at] + pieces - 1) / pieces)
    return split(at, sizes: stride(from: 0, to: shape[at], by: size).map { min(size, shape[at] - $0) })
  }

  /// All indices along `axis`, each without that axis.
  public func unbound(_ axis: Int = 0) -> [Tensor] {
    let at = self.axis(axis, "Tensor.unbound")
    return split(at, sizes: [Int](repeating: 1, count: shape[at])).map { $0.squeezed(at) }
  }

  /// The same tensor in row-major order; itself if it is so already.
  public func contiguous() -> Tensor {
    isContiguous ? self : copied(strides: Strides.contiguous(shape))
  }

  /// The same tensor with channels innermost in memory; itself if it is so already.
  public func channelsLast() -> Tensor {
    isChannelsLast ? self : copied(strides: Strides.channelsLast(shape))
  }

  /// A copy with memory of its own.
  public func clone() -> Tensor {
    copied(strides: Strides.dense(shape, like: strides))
  }

  private func copied(strides: [Int]) -> Tensor {
    Tape.record("copy", inputs: [self], output: backend.copy(detached(), strides: strides)) { [$0] }
  }
}
