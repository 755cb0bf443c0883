// Masks and whole numbers. No gradient passes through them.
extension Tensor {
  /// Comparison of each pair as a `bool` tensor, with broadcasting. Whole numbers are compared as such, other pairs as
  /// `float32`.
  public func compared(_ comparison: Comparison, _ other: Tensor) -> Tensor {
    let target = broadcastShape(shape, other.shape, operation: "Tensor.compared")
    if !dtype.isFloatingPoint && !other.dtype.isFloatingPoint {
      return backend.compareIntegers(comparison, wholeNumbers(target), other.wholeNumbers(target))
    }
    let (a, b) = (detached().converted(to: .float32), other.detached().converted(to: .float32))
    return backend.compare(comparison, a, b, shape: target)
  }

  public func compared(_ comparison: Comparison, _ other: Float) -> Tensor {
    compared(comparison, Tensor(other))
  }

  public func compared(_ comparison: Comparison, _ other: Int) -> Tensor {
    dtype.isFloatingPoint
      ? compared(comparison, Tensor(Float(other))) : compared(comparison, Tensor([Int64(other)], shape: []))
  }

  /// Where both masks hold.
  public func and(_ other: Tensor) -> Tensor { logical(.and, other) }
  /// Where one of the masks holds or both.
  public func or(_ other: Tensor) -> Tensor { logical(.or, other) }
  /// Where exactly one of the masks holds.
  public func xor(_ other: Tensor) -> Tensor { logical(.xor, other) }
  /// Where this mask does not hold.
  public func not() -> Tensor {
    precondition(dtype == .bool, "Tensor.not: a bool mask, found \(dtype)")
    return compared(.equal, 0 as Int)
  }

  /// Whether any element along `axes` (all when none are named) is not 0.
  public func any(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    holds(axes, keepingAxes, all: false)
  }

  /// Whether all elements along `axes` (all when none are named) are not 0.
  public func all(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    holds(axes, keepingAxes, all: true)
  }

  /// Each pair of whole numbers divided, rounded towards minus infinity.
  public func floorDivided(by other: Tensor) -> Tensor { integer(.floorDivide, other) }
  public func floorDivided(by other: Int) -> Tensor {
    integer(.floorDivide, Tensor([Int64(other)], shape: []))
  }
  /// What such divisions leave, with the divisor's sign, as Python's `%`.
  public func remainder(dividingBy other: Tensor) -> Tensor { integer(.remainder, other) }
  public func remainder(dividingBy other: Int) -> Tensor {
    integer(.remainder, Tensor([Int64(other)], shape: []))
  }

  /// Arithmetic on pairs of whole numbers as `int64`, with broadcasting.
  func integer(_ operation: IntegerOperation, _ other: Tensor) -> Tensor {
    precondition(
      !dtype.isFloatingPoint && !other.dtype.isFloatingPoint,
      "Tensor.integer: whole numbers, found \(dtype) and \(other.dtype)")
    let target = broadcastShape(shape, other.shape, operation: "Tensor.integer")
    return backend.integer(operation, wholeNumbers(target), other.wholeNumbers(target))
  }

  /// As `int64`, broadcast to `target`, outside any graph.
  private func wholeNumbers(_ target: [Int]) -> Tensor {
    detached().converted(to: .int64).expanded(to: target)
  }

  private func logical(_ operation: IntegerOperation, _ other: Tensor) -> Tensor {
    precondition(
      dtype == .bool && other.dtype == .bool, "Tensor.logical: bool masks, found \(dtype) and \(other.dtype)")
    return integer(operation, other).converted(to: .bool)
  }

  private func holds(_ axes: [Int]?, _ keepingAxes: Bool, all: Bool) -> Tensor {
    let axes = reductionAxes(axes)
    let mask = (dtype == .bool ? self : compared(.notEqual, 0 as Float)).detached()
    let stay = (0..<rank).filter { !axes.contains($0) }
    let kept = stay.map { shape[$0] }
    let lines = mask.permuted(stay + axes).reshaped(kept + [elementCount(of: axes.map { shape[$0] })])
    let result = backend.holds(lines, all: all)
    return keepingAxes ? result.reshaped((0..<rank).map { axes.contains($0) ? 1 : shape[$0] }) : result
  }
}
