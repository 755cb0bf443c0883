import Core
import Foundation
import TestSupport
import Testing

@Suite struct ElementwiseGradientTests {
  struct Function: Sendable, CustomTestStringConvertible {
    var name: String
    var operation: UnaryOperation
    var range: ClosedRange<Double> = -3...3
    var reference: @Sendable (Double) -> Double
    var testDescription: String { name }
  }
  private static func normal(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  static let functions = [
    Function(name: "negate", operation: .negate) { -$0 },
    Function(name: "absolute", operation: .absolute) { abs($0) },
    Function(name: "exponential", operation: .exponential) { exp($0) },
    Function(name: "logarithm", operation: .logarithm, range: 0.1...4) { log($0) },
    Function(name: "square root", operation: .squareRoot, range: 0.1...4) { $0.squareRoot() },
    Function(name: "reciprocal square root", operation: .reciprocalSquareRoot, range: 0.1...4) {
      1 / $0.squareRoot()
    },
    Function(name: "reciprocal", operation: .reciprocal, range: 0.3...4) { 1 / $0 },
    Function(name: "square", operation: .square) { $0 * $0 },
    Function(name: "sine", operation: .sine) { sin($0) },
    Function(name: "cosine", operation: .cosine) { cos($0) },
    Function(name: "clamp", operation: .clamp(min: -1.00001, max: 1.30001)) {
      min(max($0, -1.00001), 1.30001)
    },
    Function(name: "relu", operation: .relu) { max($0, 0) },
    Function(name: "relu6", operation: .relu6, range: -2...9) { min(max($0, 0), 6) },
    Function(name: "leaky relu", operation: .leakyReLU(slope: 0.25)) { $0 > 0 ? $0 : 0.25 * $0 },
    Function(name: "elu", operation: .elu(alpha: 1.5)) { $0 > 0 ? $0 : 1.5 * expm1($0) },
    Function(name: "sigmoid", operation: .sigmoid) { 1 / (1 + exp(-$0)) },
    Function(name: "tanh", operation: .tanh) { tanh($0) },
    Function(name: "silu", operation: .silu) { $0 / (1 + exp(-$0)) },
    Function(name: "hswish", operation: .hardSwish, range: -5...5) { $0 * min(max($0 + 3, 0), 6) / 6 },
    Function(name: "gelu", operation: .gelu) { $0 * normal($0) },
    Function(name: "mish", operation: .mish) { $0 * tanh(log1p(exp($0))) },
    Function(name: "softplus", operation: .softplus(beta: 2, threshold: 20)) { log1p(exp(2 * $0)) / 2 },
    Function(name: "error function", operation: .errorFunction) { erf($0) },
    Function(name: "log1p", operation: .log1p, range: -0.7...3) { log1p($0) },
    Function(name: "expm1", operation: .expm1) { expm1($0) },
    Function(name: "power", operation: .power(2.5), range: 0.2...3) { pow($0, 2.5) },
    Function(name: "log sigmoid", operation: .logSigmoid) { -log1p(exp(-$0)) },
  ]

  @Test(arguments: functions) func `functions of one element`(_ function: Function) {
    // Kinks lie at whole numbers: stay clear of them.
    let x = Reference.random([2, 3, 3, 5], seed: 5, in: function.range).map {
      $0 == $0.rounded() ? $0 + 0.125 : $0
    }
    for channelsLast in [false, true] {
      checkGradients(function.name, [x], channelsLast: channelsLast, relative: 1e-4, absolute: 1e-4) {
        $0[0].applying(function.operation)
      } reference: {
        $0[0].map(function.reference)
      }
    }
    // A view that is not dense.
    checkGradients("\(function.name) of a slice", [x]) {
      $0[0].sliced(3, 1..<4).applying(function.operation)
    } reference: {
      $0[0].lines(3) { Array($0[1..<4]) }.map(function.reference)
    }
  }

  struct Shapes: Sendable, CustomTestStringConvertible {
    var a, b: [Int]
    var testDescription: String { "\(a) with \(b)" }
  }
  static let shapes = [
    Shapes(a: [2, 3, 4, 2], b: [2, 3, 4, 2]), Shapes(a: [2, 3, 4, 2], b: [1, 3, 1, 1]),
    Shapes(a: [3, 1], b: [1, 4]),
    Shapes(a: [2, 3, 4, 2], b: [4, 2]), Shapes(a: [], b: [5]), Shapes(a: [2, 1, 3], b: [2, 4, 1]),
    Shapes(a: [1], b: [2, 2]),
  ]

  @Test(arguments: shapes) func `arithmetic with broadcasting`(_ shapes: Shapes) {
    let a = Reference.random(shapes.a, seed: 1, in: -2...2)
    let b = Reference.random(shapes.b, seed: 2, in: 0.5...2)
    for channelsLast in [false, true] {
      func check(
        _ what: String, _ operation: ([Tensor]) -> Tensor, _ reference: (Double, Double) -> Double
      ) {
        checkGradients("\(what) \(shapes.testDescription)", [a, b], channelsLast: channelsLast) {
          operation($0)
        } reference: {
          $0[0].zip($0[1], reference)
        }
      }
      check("add", { $0[0] + $0[1] }, +)
      check("subtract", { $0[0] - $0[1] }, -)
      check("multiply", { $0[0] * $0[1] }, *)
      check("divide", { $0[0] / $0[1] }, /)
      check("maximum", { $0[0].maximum($0[1]) }, max)
      check("minimum", { $0[0].minimum($0[1]) }, min)
      check("power", { $0[1].power($0[0]) }) { pow($1, $0) }
    }
  }

  @Test func `scalars on either side`() {
    let x = Reference.random([3, 4], in: 0.5...2)
    checkGradients("scalars", [x]) {
      (2 / $0[0] + 1 - $0[0] / 3) * 2 - 0.5 + (3 - $0[0])
    } reference: {
      $0[0].map { (2 / $0 + 1 - $0 / 3) * 2 - 0.5 + (3 - $0) }
    }
  }

  @Test func `only the factor that is needed is kept`() {
    let x = Tensor([2] as [Float]).requiringGradient()
    let mask = Tensor([3] as [Float])
    let y = x * mask
    // Overwriting the operand whose gradient nobody wants must not disturb the other's.
    x.detached().fillInPlace(7)
    y.sum().backward()
    #expect(x.gradient?.item == 3)
  }
}
