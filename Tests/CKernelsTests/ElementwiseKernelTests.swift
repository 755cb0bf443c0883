import CKernels
import Foundation
import Testing

/// What the kernel suites share: reproducible numbers, comparison with a reference in `Double`, central differences.
enum KernelTest {
  /// `count` values, spread evenly over `range` in a scrambled but fixed order.
  static func values(_ count: Int, seed: UInt64 = 1, in range: ClosedRange<Float> = -2...2) -> [Float] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return range.lowerBound + (range.upperBound - range.lowerBound) * Float(state >> 40) / Float(1 << 24)
    }
  }

  /// Largest difference, over the largest magnitude of the reference.
  static func error(_ found: [Float], _ reference: [Double]) -> Double {
    guard found.count == reference.count else { return .infinity }
    let scale = reference.map(abs).max().map { $0 > 0 ? $0 : 1 } ?? 1
    let worst = zip(found, reference).map { abs(Double($0) - $1) }.reduce(0) {
      $1.isNaN ? .infinity : max($0, $1)
    }
    return worst / scale
  }

  /// The gradient of `sum(weights * f(x))` by central differences of a function in `Double`.
  static func gradient(_ x: [Float], _ weights: [Float], _ f: ([Double]) -> [Double]) -> [Double] {
    var x = x.map(Double.init)
    func total(_ x: [Double]) -> Double { zip(f(x), weights).reduce(0) { $0 + $1.0 * Double($1.1) } }
    return x.indices.map { i in
      let old = x[i], step = 1e-5
      x[i] = old + step
      let high = total(x)
      x[i] = old - step
      let low = total(x)
      x[i] = old
      return (high - low) / (2 * step)
    }
  }

  /// Whether `body` gives the same bits with one, two and four threads.
  static func isSameForAnyThreads(_ body: () -> [Float]) -> Bool {
    let threads = mm_pool_threads()
    defer { mm_pool_set_threads(threads) }
    let results = [1, 2, 4].map { count in
      mm_pool_set_threads(Int32(count))
      return body().map(\.bitPattern)
    }
    return results.allSatisfy { $0 == results[0] }
  }
}

@Suite struct ElementwiseKernelTests {
  struct Function: Sendable, CustomTestStringConvertible {
    let name: String
    let op: mm_unary
    var parameters: [Float] = [0]
    var range: ClosedRange<Float> = -6...6
    /// Relative, of a single value.
    var tolerance = 1.2e-6
    let value: @Sendable (Double) -> Double
    var testDescription: String { name }
  }

  static func normalCDF(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  static let functions: [Function] = [
    .init(name: "neg", op: MM_UNARY_NEG) { -$0 },
    .init(name: "abs", op: MM_UNARY_ABS) { abs($0) },
    .init(name: "exp", op: MM_UNARY_EXP) { exp($0) },
    .init(name: "log", op: MM_UNARY_LOG, range: 0.01...9) { log($0) },
    .init(name: "sqrt", op: MM_UNARY_SQRT, range: 0.01...9) { $0.squareRoot() },
    .init(name: "rsqrt", op: MM_UNARY_RSQRT, range: 0.1...9) { 1 / $0.squareRoot() },
    .init(name: "reciprocal", op: MM_UNARY_RECIPROCAL, range: 0.3...9) { 1 / $0 },
    .init(name: "square", op: MM_UNARY_SQUARE) { $0 * $0 },
    .init(name: "sin", op: MM_UNARY_SIN) { sin($0) },
    .init(name: "cos", op: MM_UNARY_COS) { cos($0) },
    .init(name: "clamp", op: MM_UNARY_CLAMP, parameters: [-1.5, 2.5]) { min(max($0, -1.5), 2.5) },
    .init(name: "relu", op: MM_UNARY_RELU) { max($0, 0) },
    .init(name: "relu6", op: MM_UNARY_RELU6, range: -3...9) { min(max($0, 0), 6) },
    .init(name: "leaky relu", op: MM_UNARY_LEAKY_RELU, parameters: [0.25]) { $0 > 0 ? $0 : 0.25 * $0 },
    .init(name: "elu", op: MM_UNARY_ELU, parameters: [1.5]) { $0 > 0 ? $0 : 1.5 * expm1($0) },
    .init(name: "sigmoid", op: MM_UNARY_SIGMOID) { 1 / (1 + exp(-$0)) },
    .init(name: "tanh", op: MM_UNARY_TANH) { tanh($0) },
    .init(name: "silu", op: MM_UNARY_SILU) { $0 / (1 + exp(-$0)) },
    .init(name: "hswish", op: MM_UNARY_HSWISH) { $0 * min(max($0 + 3, 0), 6) / 6 },
    .init(name: "hsigmoid", op: MM_UNARY_HSIGMOID, parameters: [1, 2, 0, 1]) { min(max(($0 + 1) / 2, 0), 1) },
    .init(name: "gelu", op: MM_UNARY_GELU) { $0 * normalCDF($0) },
    // The exponent reaches 25 at -6, and so does the effect of its rounding; the value is 1e-10 there.
    .init(name: "gelu tanh", op: MM_UNARY_GELU_TANH, tolerance: 5e-6) {
      $0 / (1 + exp(-2 * (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
    },
    .init(name: "mish", op: MM_UNARY_MISH) { $0 * tanh(log1p(exp($0))) },
    .init(name: "softplus", op: MM_UNARY_SOFTPLUS, parameters: [2, 20]) { log1p(exp(2 * $0)) / 2 },
    .init(name: "erf", op: MM_UNARY_ERF) { erf($0) },
    .init(name: "log1p", op: MM_UNARY_LOG1P, range: -0.9...9) { log1p($0) },
    .init(name: "expm1", op: MM_UNARY_EXPM1) { expm1($0) },
    .init(name: "pow", op: MM_UNARY_POW, parameters: [1.7], range: 0.1...4) { pow($0, 1.7) },
    .init(name: "cube", op: MM_UNARY_POW, parameters: [3]) { $0 * $0 * $0 },
    .init(name: "log sigmoid", op: MM_UNARY_LOG_SIGMOID) { -log1p(exp(-$0)) },
  ]

  @Test(arguments: functions) func `forward is near the function, element by element`(_ f: Function) {
    let x = KernelTest.values(40_011, in: f.range)
    var y = [Float](repeating: 0, count: x.count)
    mm_unary_forward(f.op, x.count, x, f.parameters, &y)
    for (x, y) in zip(x, y) {
      let expected = f.value(Double(x))
      guard abs(Double(y) - expected) > f.tolerance * abs(expected) + 1e-37 else { continue }
      Issue.record("\(f.name)(\(x)) is \(y), expected \(expected)")
      break
    }
  }

  @Test(arguments: functions) func `backward is the slope`(_ f: Function) {
    let x = KernelTest.values(1003, seed: 2, in: f.range), dy = KernelTest.values(1003, seed: 3)
    let y = x.map { Float(f.value(Double($0))) }
    var dx = [Float](repeating: 0, count: x.count)
    mm_unary_backward(f.op, x.count, x, y, dy, f.parameters, &dx)
    for i in x.indices {
      let at = Double(x[i]), step = 1e-5
      let slope = (f.value(at + step) - f.value(at - step)) / (2 * step)
      // A kink has no slope.
      let left = (f.value(at) - f.value(at - step)) / step, right = (f.value(at + step) - f.value(at)) / step
      guard abs(left - right) < 1e-2 else { continue }
      let expected = Double(dy[i]) * slope
      guard abs(Double(dx[i]) - expected) > 2e-5 * max(1, abs(expected)) else { continue }
      Issue.record("\(f.name)'(\(x[i])) gives \(dx[i]), expected \(expected)")
      break
    }
  }

  @Test func `exp is exact at the edges and below 2 ulp`() {
    let x: [Float] = [.nan, .infinity, -.infinity, 0, 88.73, 88.72, -104, -103, -87.5]
    var y = [Float](repeating: 7, count: x.count)
    mm_unary_forward(MM_UNARY_EXP, x.count, x, nil, &y)
    #expect(y[0].isNaN)
    #expect(Array(y[1...4]) == [.infinity, 0, 1, .infinity])
    #expect(y[5].isFinite)
    #expect(y[6] == 0)
    #expect(y[7] == Float(exp(-103.0)))
    let many = KernelTest.values(50_000, in: -87...88)
    var results = many
    mm_unary_forward(MM_UNARY_EXP, many.count, many, nil, &results)
    let worst = zip(many, results).map {
      abs(Double($1) - exp(Double($0))) / Double(Float(exp(Double($0))).ulp)
    }.max()!
    #expect(worst < 2)
  }

  @Test func `gelu is nothing at minus infinity's side and the identity at the other`() {
    var y: [Float] = [-40, -1e30, 40, .infinity, .nan]
    let x = y
    mm_unary_forward(MM_UNARY_GELU, x.count, x, nil, &y)
    #expect(abs(y[0]) < 1e-30 && abs(y[1]) < 1e-5)
    #expect(y[2] == 40 && y[3] == .infinity && y[4].isNaN)
  }

  @Test func `steps round as they should`() {
    let x: [Float] = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 8_388_609]
    var y = x
    mm_unary_forward(MM_UNARY_ROUND, x.count, x, nil, &y)
    #expect(y == [-2, -2, 0, 0, 2, 2, 8_388_609])
    mm_unary_forward(MM_UNARY_FLOOR, x.count, x, nil, &y)
    #expect(y == x.map { $0.rounded(.down) })
    mm_unary_forward(MM_UNARY_CEIL, x.count, x, nil, &y)
    #expect(y == x.map { $0.rounded(.up) })
    mm_unary_forward(MM_UNARY_SIGN, 3, [-3, 0, .nan], nil, &y)
    #expect(Array(y[..<3]) == [-1, 0, 0])
  }

  static let binaries: [(mm_binary, @Sendable (Float, Float) -> Float)] = [
    (MM_BINARY_ADD, { $0 + $1 }), (MM_BINARY_SUB, { $0 - $1 }), (MM_BINARY_MUL, { $0 * $1 }),
    (MM_BINARY_DIV, { $0 / $1 }), (MM_BINARY_MAX, { $0 > $1 ? $0 : $1 }),
    (MM_BINARY_MIN, { $0 < $1 ? $0 : $1 }),
  ]

  @Test(arguments: 0..<6) func `broadcasting follows the strides`(_ k: Int) {
    let (op, f) = Self.binaries[k]
    let shape = [3, 5, 4, 7]
    // Per dimension: whether a, b are broadcast there.
    for (lowA, lowB) in [
      ([0, 0, 0, 0], [1, 1, 1, 0]), ([0, 1, 1, 0], [0, 0, 0, 1]), ([1, 0, 1, 0], [0, 1, 0, 1]),
    ] {
      let (a, sa) = Self.operand(shape, lowA, seed: 5), (b, sb) = Self.operand(shape, lowB, seed: 6)
      var y = [Float](repeating: 0, count: 420), expected = y, i = 0
      mm_binary_broadcast(op, 4, shape, sa, sb, a, b, &y)
      for n in 0..<3 {
        for h in 0..<5 {
          for w in 0..<4 {
            for c in 0..<7 {
              expected[i] = f(
                a[n * sa[0] + h * sa[1] + w * sa[2] + c * sa[3]],
                b[n * sb[0] + h * sb[1] + w * sb[2] + c * sb[3]])
              i += 1
            }
          }
        }
      }
      #expect(y == expected)
    }
  }

  static func operand(_ shape: [Int], _ broadcast: [Int], seed: UInt64) -> ([Float], [Int]) {
    var strides = [Int](repeating: 0, count: shape.count), size = 1
    for d in shape.indices.reversed() where broadcast[d] == 0 {
      strides[d] = size
      size *= shape[d]
    }
    return (KernelTest.values(size, seed: seed), strides)
  }

  @Test func `scalars, comparisons and masks`() {
    let a = KernelTest.values(5000), b = a.reversed() as [Float]
    var y = a, mask = [UInt8](repeating: 9, count: a.count)
    mm_scalar_binary(MM_BINARY_SUB, a.count, 1, a, &y)
    #expect(y == a.map { 1 - $0 })
    mm_binary_scalar(MM_BINARY_DIV, a.count, a, 3, &y)
    #expect(y == a.map { $0 / 3 })
    mm_compare_same(MM_COMPARE_LE, a.count, a, b, &mask)
    #expect(mask == zip(a, b).map { $0 <= $1 ? 1 : 0 })
    mm_where_broadcast(1, [a.count], [1], [1], [0], mask, a, [8], &y)
    #expect(y == zip(a, mask).map { $1 != 0 ? $0 : 8 })
    mm_masked_fill(a.count, mask, a, -1, &y)
    #expect(y == zip(a, mask).map { $1 != 0 ? -1 : $0 })
  }

  @Test func `NaN wins a maximum from either side`() {
    var y: [Float] = [0, 0]
    mm_binary_same(MM_BINARY_MAX, 2, [.nan, 1], [1, .nan], &y)
    #expect(y.allSatisfy { $0.isNaN })
    mm_binary_same(MM_BINARY_MIN, 2, [.nan, 1], [1, .nan], &y)
    #expect(y.allSatisfy { $0.isNaN })
  }

  @Test func `equal elements share a maximum's gradient`() {
    var da: [Float] = [0, 0, 0], db = da
    mm_binary_backward(MM_BINARY_MAX, 3, [1, 2, 3], [2, 2, 2], [4, 4, 4], &da, &db)
    #expect(da == [0, 2, 4])
    #expect(db == [4, 2, 0])
  }
}
