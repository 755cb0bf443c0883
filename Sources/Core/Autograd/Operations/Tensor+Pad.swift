// Borders around images and other arrays.
extension Tensor {
  /// Puts a border around images.
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, C, top + H + bottom, left + W + right]`, channels-last.
  /// - Parameters:
  ///   - mode: reflection needs borders below the image's size, circular ones of at most it.
  ///   - value: of the border, with `mode` constant.
  /// - Precondition: negative borders, which crop, are for constant mode only.
  public func pad2d(
    top: Int, bottom: Int, left: Int, right: Int, mode: PadMode = .constant, value: Float = 0
  ) -> Tensor {
    requireImage("pad2d")
    let border = Border(top: top, bottom: bottom, left: left, right: right)
    let size = imageSize
    let fits =
      switch mode {
      case .constant: size.h + top + bottom >= 0 && size.w + left + right >= 0
      case .reflect: border.isWithin(0..<size.h, 0..<size.w)
      case .replicate: border.isWithin(0..<Int.max, 0..<Int.max) && size.h > 0 && size.w > 0
      case .circular: border.isWithin(0..<(size.h + 1), 0..<(size.w + 1))
      }
    precondition(
      fits, "Tensor.pad2d: borders that \(mode) can fill from an image of \(size), found \(border)")
    if border == Border(top: 0, bottom: 0, left: 0, right: 0) { return self }
    let y = backend.pad2d(detached(), border, mode: mode, value: value)
    return Tape.record("pad", ["mode": .string(mode.rawValue)], inputs: [self], output: y) {
      [$0.backend.pad2dGradient($0, border, mode: mode)]
    }
  }

  /// Adds elements of `value` before and after along axes, as `torch.nn.functional.pad` with mode constant.
  ///
  /// - Parameter padding: `(before, after)` for each axis, first axis first; negative numbers crop.
  public func pad(_ padding: [(before: Int, after: Int)], value: Float = 0) -> Tensor {
    precondition(padding.count == rank, "Tensor.pad: a pair for each of \(rank) axes, found \(padding.count)")
    var source = self
    var (newShape, target) = (shape, [Range<Int>]())
    for (axis, (before, after)) in padding.enumerated() {
      let start = max(0, -before)
      let end = shape[axis] + min(0, after)
      newShape[axis] = shape[axis] + before + after
      precondition(
        newShape[axis] >= 0 && start <= end,
        "Tensor.pad: at most \(shape[axis]) elements cropped along axis \(axis), found \(before) and \(after)"
      )
      if start > 0 || end < shape[axis] { source = source.sliced(axis, start..<end) }
      target.append(max(0, before)..<(max(0, before) + end - start))
    }
    if newShape == source.shape { return source }
    let y = Tensor(
      uninitialized: newShape, strides: Strides.dense(newShape, like: source.strides), dtype: dtype,
      device: device)
    backend.fill(y, with: Double(value))
    let inside = withoutGradient { y.sliced(ranges: target) }
    backend.copy(source.detached(), into: inside)
    return Tape.record("pad", ["mode": .string("constant")], inputs: [source], output: y) {
      [$0.sliced(ranges: target)]
    }
  }

  /// A range of each axis.
  private func sliced(ranges: [Range<Int>]) -> Tensor {
    var result = self
    for (axis, range) in ranges.enumerated() where range != 0..<shape[axis] {
      result = result.sliced(axis, range)
    }
    return result
  }
}
