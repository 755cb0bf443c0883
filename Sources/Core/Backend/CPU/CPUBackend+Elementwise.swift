import CKernels

extension CPUBackend: ElementwiseBackend {
  func unary(_ operation: UnaryOperation, _ x: Tensor) -> Tensor {
    let x = dense(x)
    let y = Tensor(uninitialized: x.shape, strides: x.strides)
    let (kernel, parameters) = operation.kernel
    mm_unary_forward(kernel, x.count, x.pointer(Float.self), parameters, y.pointer(Float.self))
    return y
  }

  func unaryNeeds(_ operation: UnaryOperation) -> (input: Bool, output: Bool) {
    let saves = Int(mm_unary_saves(operation.kernel.0))
    return (saves & MM_SAVES_X != 0, saves & MM_SAVES_Y != 0)
  }

  func unaryGradient(_ operation: UnaryOperation, input: Tensor?, output: Tensor?, gradient: Tensor) -> Tensor
  {
    // All in one layout: that of the saved values.
    let strides = (output ?? input ?? gradient).strides
    let gradient = arranged(gradient, strides)
    let (x, y) = (input.map { arranged($0, strides) }, output.map { arranged($0, strides) })
    let result = Tensor(uninitialized: gradient.shape, strides: gradient.strides)
    let (kernel, parameters) = operation.kernel
    mm_unary_backward(
      kernel, gradient.count, x?.pointer(Float.self), y?.pointer(Float.self), gradient.pointer(Float.self),
      parameters, result.pointer(Float.self))
    return result
  }

  func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor {
    if a.shape == b.shape, a.strides == b.strides, a.isDense {
      let y = Tensor(uninitialized: shape, strides: a.strides)
      mm_binary_same(
        operation.kernel, y.count, a.pointer(Float.self), b.pointer(Float.self), y.pointer(Float.self))
      return y
    }
    let (y, plan) = broadcast([a, b], shape)
    mm_binary_broadcast(
      operation.kernel, plan.rank, plan.shape, plan.strides[0], plan.strides[1], a.pointer(Float.self),
      b.pointer(Float.self), y.pointer(Float.self))
    return y
  }

  func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Float) -> Tensor {
    let a = dense(a)
    let y = Tensor(uninitialized: a.shape, strides: a.strides)
    mm_binary_scalar(operation.kernel, a.count, a.pointer(Float.self), b, y.pointer(Float.self))
    return y
  }

  func binary(_ operation: BinaryOperation, _ a: Float, _ b: Tensor) -> Tensor {
    let b = dense(b)
    let y = Tensor(uninitialized: b.shape, strides: b.strides)
    mm_scalar_binary(operation.kernel, b.count, a, b.pointer(Float.self), y.pointer(Float.self))
    return y
  }

  func compare(_ comparison: Comparison, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor {
    let (y, plan) = broadcast([a, b], shape, dtype: .bool)
    mm_compare_broadcast(
      comparison.kernel, plan.rank, plan.shape, plan.strides[0], plan.strides[1], a.pointer(Float.self),
      b.pointer(Float.self), y.pointer(UInt8.self))
    return y
  }

  func select(_ mask: Tensor, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor {
    let (y, plan) = broadcast([a, b, mask], shape)
    mm_where_broadcast(
      plan.rank, plan.shape, plan.strides[2], plan.strides[0], plan.strides[1], mask.pointer(UInt8.self),
      a.pointer(Float.self), b.pointer(Float.self), y.pointer(Float.self))
    return y
  }

  func affine(_ a: Tensor, scale: Float, shift: Float) -> Tensor {
    let a = dense(a)
    let y = Tensor(uninitialized: a.shape, strides: a.strides)
    mm_affine(a.count, scale, shift, a.pointer(Float.self), y.pointer(Float.self))
    return y
  }

  func addInPlace(_ target: Tensor, _ source: Tensor, scale: Float) {
    precondition(target.isDense, "Tensor.addInPlace: a dense target")
    target.storage.touch()
    let source = arranged(source, target.strides)
    mm_axpy(target.count, scale, source.pointer(Float.self), target.pointer(Float.self))
  }

  func dropout(_ x: Tensor, _ probability: Float, seed: UInt64) -> Tensor {
    let x = dense(x)
    let y = Tensor(uninitialized: x.shape, strides: x.strides)
    let scale = probability >= 1 ? 0 : 1 / (1 - probability)
    mm_dropout(x.count, probability, scale, seed, x.pointer(Float.self), y.pointer(Float.self))
    return y
  }

  func copyUnlessStrided(_ x: Tensor, _ strides: [Int]) -> Tensor { arranged(x, strides) }

  /// `tensor` itself if its elements fill a block, else a row-major copy.
  func dense(_ tensor: Tensor) -> Tensor {
    tensor.isDense ? tensor : copy(tensor, strides: Strides.contiguous(tensor.shape))
  }

  /// `tensor` with the layout `strides`, which must be dense up to a reordering of axes.
  func arranged(_ tensor: Tensor, _ strides: [Int]) -> Tensor {
    if tensor.isDense, Strides.agree(tensor.strides, strides, shape: tensor.shape) { return tensor }
    return copy(tensor, strides: Strides.dense(tensor.shape, like: strides))
  }

  /// A result of `shape`, laid out like the first operand that has that shape, and the loop over all of them.
  private func broadcast(_ operands: [Tensor], _ shape: [Int], dtype: DType = .float32) -> (Tensor, LoopPlan)
  {
    let leader = operands.first { $0.shape == shape }
    let strides = leader.map { Strides.dense(shape, like: $0.strides) } ?? Strides.contiguous(shape)
    let y = Tensor(uninitialized: shape, strides: strides, dtype: dtype)
    let plan = LoopPlan(
      shape: shape, orderedBy: strides, strides: operands.map { LoopPlan.broadcastStrides($0, to: shape) })
    return (y, plan)
  }
}

extension UnaryOperation {
  /// The kernel's name and its parameters.
  fileprivate var kernel: (mm_unary, [Float]) {
    switch self {
    case .negate: (MM_UNARY_NEG, [])
    case .absolute: (MM_UNARY_ABS, [])
    case .exponential: (MM_UNARY_EXP, [])
    case .logarithm: (MM_UNARY_LOG, [])
    case .squareRoot: (MM_UNARY_SQRT, [])
    case .reciprocalSquareRoot: (MM_UNARY_RSQRT, [])
    case .reciprocal: (MM_UNARY_RECIPROCAL, [])
    case .square: (MM_UNARY_SQUARE, [])
    case .sine: (MM_UNARY_SIN, [])
    case .cosine: (MM_UNARY_COS, [])
    case .sign: (MM_UNARY_SIGN, [])
    case .floor: (MM_UNARY_FLOOR, [])
    case .ceiling: (MM_UNARY_CEIL, [])
    case .round: (MM_UNARY_ROUND, [])
    case .clamp(let min, let max): (MM_UNARY_CLAMP, [min, max])
    case .relu: (MM_UNARY_RELU, [])
    case .relu6: (MM_UNARY_RELU6, [])
    case .leakyReLU(let slope): (MM_UNARY_LEAKY_RELU, [slope])
    case .elu(let alpha): (MM_UNARY_ELU, [alpha])
    case .sigmoid: (MM_UNARY_SIGMOID, [])
    case .tanh: (MM_UNARY_TANH, [])
    case .silu: (MM_UNARY_SILU, [])
    case .hardSwish: (MM_UNARY_HSWISH, [])
    case .hardSigmoid(let bias, let divisor, let min, let max):
      (MM_UNARY_HSIGMOID, [bias, divisor, min, max])
    case .gelu: (MM_UNARY_GELU, [])
    case .geluTanh: (MM_UNARY_GELU_TANH, [])
    case .mish: (MM_UNARY_MISH, [])
    case .softplus(let beta, let threshold): (MM_UNARY_SOFTPLUS, [beta, threshold])
    case .errorFunction: (MM_UNARY_ERF, [])
    case .log1p: (MM_UNARY_LOG1P, [])
    case .expm1: (MM_UNARY_EXPM1, [])
    case .power(let exponent): (MM_UNARY_POW, [exponent])
    case .logSigmoid: (MM_UNARY_LOG_SIGMOID, [])
    }
  }
}

extension BinaryOperation {
  fileprivate var kernel: mm_binary {
    switch self {
    case .add: MM_BINARY_ADD
    case .subtract: MM_BINARY_SUB
    case .multiply: MM_BINARY_MUL
    case .divide: MM_BINARY_DIV
    case .maximum: MM_BINARY_MAX
    case .minimum: MM_BINARY_MIN
    case .power: MM_BINARY_POW
    }
  }
}

extension Comparison {
  fileprivate var kernel: mm_comparison {
    switch self {
    case .equal: MM_COMPARE_EQ
    case .notEqual: MM_COMPARE_NE
    case .less: MM_COMPARE_LT
    case .lessOrEqual: MM_COMPARE_LE
    case .greater: MM_COMPARE_GT
    case .greaterOrEqual: MM_COMPARE_GE
    }
  }
}
