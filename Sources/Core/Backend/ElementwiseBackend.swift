/// Functions of single elements.
///
/// The names follow `torch.nn.functional`; parameters are PyTorch's.
public enum UnaryOperation: Sendable, Equatable {
  case negate, absolute, exponential, logarithm, squareRoot, reciprocalSquareRoot, reciprocal, square
  case sine, cosine, sign, floor, ceiling
  /// To the nearest whole number, halves to even.
  case round
  case clamp(min: Float, max: Float)
  case relu, relu6
  case leakyReLU(slope: Float)
  case elu(alpha: Float)
  case sigmoid, tanh, silu
  /// `x · relu6(x + 3) / 6`
  case hardSwish
  /// `clamp((x + bias) / divisor, min, max)`; mmcv's `HSigmoid` has 3, 6 in its later and 1, 2 in its first versions.
  case hardSigmoid(bias: Float, divisor: Float, min: Float, max: Float)
  /// The exact form, with the error function.
  case gelu
  case geluTanh
  case mish
  case softplus(beta: Float, threshold: Float)
  case errorFunction, log1p, expm1
  case power(Float)
  case logSigmoid
}

/// Arithmetic on pairs of elements.
public enum BinaryOperation: Sendable {
  case add, subtract, multiply, divide, maximum, minimum, power
}

/// Comparisons of pairs of elements; false where one is NaN, but for `notEqual`.
public enum Comparison: Sendable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
}

/// Work on single elements. Operands are `float32`; masks are `bool`.
protocol ElementwiseBackend {
  func unary(_ operation: UnaryOperation, _ x: Tensor) -> Tensor
  /// Whether the gradient of `operation` reads its input, its output or both.
  func unaryNeeds(_ operation: UnaryOperation) -> (input: Bool, output: Bool)
  func unaryGradient(_ operation: UnaryOperation, input: Tensor?, output: Tensor?, gradient: Tensor) -> Tensor
  /// With broadcasting to `shape`.
  func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor
  func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Float) -> Tensor
  func binary(_ operation: BinaryOperation, _ a: Float, _ b: Tensor) -> Tensor
  /// 0 and 1 as `bool`, with broadcasting to `shape`.
  func compare(_ comparison: Comparison, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor
  /// `mask ? a : b`, with broadcasting to `shape`.
  func select(_ mask: Tensor, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor
  /// `scale · a + shift` for every element.
  func affine(_ a: Tensor, scale: Float, shift: Float) -> Tensor
  /// `target += scale · source`; shapes agree, layouts may differ.
  func addInPlace(_ target: Tensor, _ source: Tensor, scale: Float)
  /// Each element 0 with probability `probability`, else divided by the rest; a function of `seed` and the element's
  /// place in memory.
  func dropout(_ x: Tensor, _ probability: Float, seed: UInt64) -> Tensor
  /// `x` laid out with `strides` (dense), copied if it lies otherwise.
  func copyUnlessStrided(_ x: Tensor, _ strides: [Int]) -> Tensor
}
