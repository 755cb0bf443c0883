// Functions of single elements, activation functions among them.
extension Tensor {
  /// `operation` of every element.
  public func applying(_ operation: UnaryOperation) -> Tensor {
    requireFloat("applying")
    let x = detached()
    let y = backend.unary(operation, x)
    guard Tape.isRecording(self) else {
      return Tape.record(operation.name, inputs: [self], output: y) { [$0] }
    }
    let needs = backend.unaryNeeds(operation)
    let (input, output) = (needs.input ? x : nil, needs.output ? y : nil)
    return Tape.record(operation.name, inputs: [self], output: y, saving: [input, output].compactMap { $0 }) {
      gradient in
      [gradient.backend.unaryGradient(operation, input: input, output: output, gradient: gradient)]
    }
  }

  public func relu() -> Tensor { applying(.relu) }
  public func relu6() -> Tensor { applying(.relu6) }
  public func sigmoid() -> Tensor { applying(.sigmoid) }
  public func tanh() -> Tensor { applying(.tanh) }
  public func silu() -> Tensor { applying(.silu) }
  public func gelu() -> Tensor { applying(.gelu) }
  public func exp() -> Tensor { applying(.exponential) }
  public func log() -> Tensor { applying(.logarithm) }
  public func squareRoot() -> Tensor { applying(.squareRoot) }
  public func squared() -> Tensor { applying(.square) }
  public func absolute() -> Tensor { applying(.absolute) }
  public func power(_ exponent: Float) -> Tensor { applying(.power(exponent)) }

  /// `x` where it is positive, else `slope · x`, with a slope for each channel (axis 1) or one for all.
  public func prelu(_ slope: Tensor) -> Tensor {
    precondition(
      slope.rank == 1 && (slope.count == 1 || (rank > 1 && shape[1] == slope.count)),
      "Tensor.prelu: slopes [1] or one for each channel of \(shape), found \(slope.shape)")
    let spread = rank > 1 ? slope.reshaped([slope.count] + [Int](repeating: 1, count: rank - 2)) : slope
    return relu() + spread * clamped(max: 0)
  }

  public func clamped(min: Float = -.infinity, max: Float = .infinity) -> Tensor {
    applying(.clamp(min: min, max: max))
  }
}

extension UnaryOperation {
  /// The name under which the operation is recorded.
  var name: StaticString {
    switch self {
    case .negate: "neg"
    case .absolute: "abs"
    case .exponential: "exp"
    case .logarithm: "log"
    case .squareRoot: "sqrt"
    case .reciprocalSquareRoot: "rsqrt"
    case .reciprocal: "reciprocal"
    case .square: "square"
    case .sine: "sin"
    case .cosine: "cos"
    case .sign: "sign"
    case .floor: "floor"
    case .ceiling: "ceil"
    case .round: "round"
    case .clamp: "clamp"
    case .relu: "relu"
    case .relu6: "relu6"
    case .leakyReLU: "leaky_relu"
    case .elu: "elu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .silu: "silu"
    case .hardSwish: "hardswish"
    case .hardSigmoid: "hardsigmoid"
    case .gelu, .geluTanh: "gelu"
    case .mish: "mish"
    case .softplus: "softplus"
    case .errorFunction: "erf"
    case .log1p: "log1p"
    case .expm1: "expm1"
    case .power: "pow"
    case .logSigmoid: "log_sigmoid"
    }
  }
}
