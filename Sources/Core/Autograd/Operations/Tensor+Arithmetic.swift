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
    let (x, y) = (a.detached(), b.detached())
    let (wantsA, wantsB) = (a.requiresGradient, b.requiresGradient)
    return binary("mul", .multiply, a, b, saving: [x, y]) { gradient in
      [
        wantsA ? (gradient * y).summed(to: x.shape) : nil,
        wantsB ? (gradient * x).summed(to: y.shape) : nil,
      ]
    }
  }

  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (a.detached(), b.detached())
    let (wantsA, wantsB) = (a.requiresGradient, b.requiresGradient)
    return binary("div", .divide, a, b, saving: [x, y]) { gradient in
      let quotient = gradient / y
      return [
        wantsA ? quotient.summed(to: x.shape) : nil,
        wantsB ? (-(quotient * x / y)).summed(to: y.shape) : nil,
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
    return Tape.record("div_scalar", inputs: [a], output: a.backend.binary(.divide, a.detached(), b)) { [$0 / b] }
  }

  public static func / (a: Float, b: Tensor) -> Tensor { b.applying(.reciprocal) * a }

  /// `scale · x + shift`.
  public func scaled(by scale: Float, adding shift: Float = 0) -> Tensor {
    requireFloat("affine")
    let output = backend.affine(detached(), scale: scale, shift: shift)
    return Tape.record("affine", inputs: [self], output: output) { [scale == 1 ? $0 : $0.scaled(by: scale)] }
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
      [
        wantsBase ? (gradient * y * x.power(y - 1)).summed(to: x.shape) : nil,
        wantsExponent ? (gradient * x.power(y) * x.applying(.logarithm)).summed(to: y.shape) : nil,
      ]
    }
  }

  /// Comparison of each pair as a `bool` tensor; no gradient passes.
  public func compared(_ comparison: Comparison, _ other: Tensor) -> Tensor {
    let (a, b) = (converted(to: .float32).detached(), other.converted(to: .float32).detached())
    return backend.compare(comparison, a, b, shape: broadcastShape(shape, other.shape, operation: "compare"))
  }

  public func compared(_ comparison: Comparison, _ other: Float) -> Tensor { compared(comparison, Tensor(other)) }

  /// `a` where the mask holds, else `b`; with broadcasting.
  public static func `where`(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(mask.dtype == .bool, "Tensor.where: a bool mask, found \(mask.dtype)")
    a.requireFloat("where")
    b.requireFloat("where")
    let shape = broadcastShape(
      broadcastShape(a.shape, b.shape, operation: "where"), mask.shape, operation: "where")
    let output = a.backend.select(mask, a.detached(), b.detached(), shape: shape)
    let (x, y) = (a.shape, b.shape)
    return Tape.record("where", inputs: [a, b], output: output, saving: [mask]) { gradient in
      let zero = Tensor(Float(0))
      return [
        Tensor.where(mask, gradient, zero).summed(to: x), Tensor.where(mask, zero, gradient).summed(to: y),
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
    a.requireFloat("arithmetic")
    b.requireFloat("arithmetic")
    let shape = broadcastShape(a.shape, b.shape, operation: name)
    let output = a.backend.binary(operation, a.detached(), b.detached(), shape: shape)
    return Tape.record(name, inputs: [a, b], output: output, saving: saving, backward: backward)
  }
}
