// Arithmetic with broadcasting, and its gradients.
extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (a.shape, b.shape)
    return binary("add", .add, a, b) { [$0.summed(to: x), $0.summed(to: y)] }
  }

  public static func - (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (a.shape, b.shape)
    return binary("sub", .subtract, a, b) { [$0.summed(to: x), (-$0).summed(to: y)] }
  }

  public static func * (a: Tensor, b: Tensor) -> Tensor {
    // Each factor is needed for the other's gradient only.
    let (x, y) = (b.requiresGradient ? a.detached() : nil, a.requiresGradient ? b.detached() : nil)
    let (aShape, bShape) = (a.shape, b.shape)
    return binary("mul", .multiply, a, b, saving: [x, y].compactMap { $0 }) { gradient in
      [y.map { (gradient * $0).summed(to: aShape) }, x.map { (gradient * $0).summed(to: bShape) }]
    }
  }

  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (b.requiresGradient ? a.detached() : nil, b.detached())
    let (aShape, wantsA) = (a.shape, a.requiresGradient)
    return binary("div", .divide, a, b, saving: [x, y].compactMap { $0 }) { gradient in
      let quotient = gradient / y
      return [
        wantsA ? quotient.summed(to: aShape) : nil,
        x.map { (-(quotient * $0 / y)).summed(to: y.shape) },
      ]
    }
  }

  public static prefix func - (a: Tensor) -> Tensor { a.applying(.negate) }

  public static func + (a: Tensor, b: Float) -> Tensor { a.scaled(by: 1, adding: b) }
  public static func + (a: Float, b: Tensor) -> Tensor { b.scaled(by: 1, adding: a) }
  public static func - (a: Tensor, b: Float) -> Tensor { a.scaled(by: 1, adding: -b) }
  public static func - (a: Float, b: Tensor) -> Tensor { b.scaled(by: -1, adding: a) }
  public static func * (a: Tensor, b: Float) -> Tensor { a.scaled(by: b) }
  public static func * (a: Float, b: Tensor) -> Tensor { b.scaled(by: a) }

  public static func / (a: Tensor, b: Float) -> Tensor {
    a.requireFloat("div")
    return Tape.record("div_scalar", inputs: [a], output: a.backend.binary(.divide, a.detached(), b)) {
      [$0 / b]
    }
  }

  public static func / (a: Float, b: Tensor) -> Tensor { b.applying(.reciprocal) * a }

  // With whole numbers; those of `int64` tensors stay whole.
  public static func + (a: Tensor, b: Int) -> Tensor { a.dtype == .int64 ? a + scalar(b) : a + Float(b) }
  public static func - (a: Tensor, b: Int) -> Tensor { a.dtype == .int64 ? a - scalar(b) : a - Float(b) }
  public static func * (a: Tensor, b: Int) -> Tensor { a.dtype == .int64 ? a * scalar(b) : a * Float(b) }
  public static func / (a: Tensor, b: Int) -> Tensor { a / Float(b) }

  private static func scalar(_ value: Int) -> Tensor { Tensor([Int64(value)], shape: []) }

  /// `scale · x + shift`.
  public func scaled(by scale: Float, adding shift: Float = 0) -> Tensor {
    requireFloat("affine")
    let output = backend.affine(detached(), scale: scale, shift: shift)
    return Tape.record("affine", inputs: [self], output: output) { [scale == 1 ? $0 : $0.scaled(by: scale)] }
  }

  /// Between `low` and `high`, both with broadcasting.
  public func clamped(min low: Tensor? = nil, max high: Tensor? = nil) -> Tensor {
    var result = self
    if let low { result = result.maximum(low) }
    if let high { result = result.minimum(high) }
    return result
  }

  /// The larger of each pair; equal elements share the gradient.
  public func maximum(_ other: Tensor) -> Tensor { extremum("maximum", .maximum, .greater, other) }

  /// The smaller of each pair; equal elements share the gradient.
  public func minimum(_ other: Tensor) -> Tensor { extremum("minimum", .minimum, .less, other) }

  private func extremum(
    _ name: StaticString, _ operation: BinaryOperation, _ wins: Comparison, _ other: Tensor
  ) -> Tensor {
    let (x, y) = (detached(), other.detached())
    return Tensor.binary(name, operation, self, other, saving: [x, y]) { gradient in
      let half = x.compared(.equal, y).converted(to: .float32) * 0.5
      let first = x.compared(wins, y).converted(to: .float32) + half
      return [(gradient * first).summed(to: x.shape), (gradient * (1 - first)).summed(to: y.shape)]
    }
  }

  /// `self` raised to `exponent`, element by element.
  public func power(_ exponent: Tensor) -> Tensor {
    let (x, y) = (detached(), exponent.detached())
    let (wantsBase, wantsExponent) = (requiresGradient, exponent.requiresGradient)
    return Tensor.binary("pow", .power, self, exponent, saving: [x, y]) { gradient in
      // x⁰ is flat, and so is 0^y: the formulas would give 0 · ∞.
      let zero = Tensor(Float(0))
      return [
        wantsBase
          ? (gradient * Tensor.where(y.compared(.equal, 0), zero, y * x.power(y - 1))).summed(to: x.shape)
          : nil,
        wantsExponent
          ? (gradient
            * Tensor.where(
              x.compared(.equal, 0).and(y.compared(.greaterOrEqual, 0)), zero,
              x.power(y) * x.applying(.logarithm)))
            .summed(to: y.shape) : nil,
      ]
    }
  }

  /// `a` where the mask holds, else `b`; with broadcasting.
  public static func `where`(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(mask.dtype == .bool, "Tensor.where: a bool mask, found \(mask.dtype)")
    precondition(a.dtype == b.dtype, "Tensor.where: operands of one type, found \(a.dtype) and \(b.dtype)")
    let shape = broadcastShape(
      broadcastShape(a.shape, b.shape, operation: "where"), mask.shape, operation: "where")
    if a.dtype != .float32 {
      return a.backend.selectBytes(
        mask.expanded(to: shape), a.detached().expanded(to: shape), b.detached().expanded(to: shape))
    }
    let output = a.backend.select(mask, a.detached(), b.detached(), shape: shape)
    let (x, y) = (a.shape, b.shape)
    let (wantsA, wantsB) = (a.requiresGradient, b.requiresGradient)
    return Tape.record("where", inputs: [a, b], output: output, saving: [mask]) { gradient in
      let zero = Tensor(Float(0))
      return [
        wantsA ? Tensor.where(mask, gradient, zero).summed(to: x) : nil,
        wantsB ? Tensor.where(mask, zero, gradient).summed(to: y) : nil,
      ]
    }
  }

  /// `value` where the mask holds, the element elsewhere.
  public func filled(where mask: Tensor, with value: Float) -> Tensor {
    Tensor.where(mask, Tensor(value), self)
  }

  /// Converted to another type. Gradients pass between floating-point types.
  public func converted(to dtype: DType) -> Tensor {
    if dtype == self.dtype { return self }
    let before = self.dtype
    let output = backend.convert(detached(), to: dtype)
    guard before.isFloatingPoint, dtype.isFloatingPoint else { return output }
    return Tape.record("convert", inputs: [self], output: output) { [$0.converted(to: before)] }
  }

  /// `self += scale · other`, for gradients, statistics and optimizers.
  public func addInPlace(_ other: Tensor, scale: Float = 1) {
    precondition(other.shape == shape, "Tensor.addInPlace: shape \(shape), found \(other.shape)")
    requireFloat("addInPlace")
    other.requireFloat("addInPlace")
    backend.addInPlace(detached(), other.detached(), scale: scale)
  }

  /// Overwrites the elements with those of `other`, converted to this tensor's type.
  public func assignInPlace(_ other: Tensor) {
    precondition(other.shape == shape, "Tensor.assignInPlace: shape \(shape), found \(other.shape)")
    let source = other.dtype == dtype ? other.detached() : backend.convert(other.detached(), to: dtype)
    backend.copy(source, into: detached())
  }

  /// Sets every element.
  public func fillInPlace(_ value: Double) { backend.fill(detached(), with: value) }

  func requireFloat(_ operation: StaticString) {
    precondition(dtype == .float32, "Tensor.\(operation): a float32 tensor, found \(dtype) \(shape)")
  }

  private static func binary(
    _ name: StaticString, _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, saving: [Tensor] = [],
    _ backward: @escaping (Tensor) -> [Tensor?]
  ) -> Tensor {
    if a.dtype == .int64, b.dtype == .int64, let whole = operation.onIntegers { return a.integer(whole, b) }
    a.requireFloat(name)
    b.requireFloat(name)
    let shape = broadcastShape(a.shape, b.shape, operation: name)
    let output = a.backend.binary(operation, a.detached(), b.detached(), shape: shape)
    return Tape.record(name, inputs: [a, b], output: output, saving: saving, backward: backward)
  }
}

extension BinaryOperation {
  /// The same on whole numbers, where it stays among them.
  fileprivate var onIntegers: IntegerOperation? {
    switch self {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .maximum: .maximum
    case .minimum: .minimum
    case .divide, .power: nil
    }
  }
}
