import CKernels
import Testing

/// Matrix products against sums in `Double`.
@Suite(.serialized) struct GemmKernelTests {
  /// One product `[m, k] x [k, n]` of a batch.
  struct Case: Sendable, CustomStringConvertible {
    var batch = 1
    var m: Int, n: Int, k: Int
    var alpha: Float = 1
    var beta: Float = 0
    /// Floats behind each stored row.
    var gap = 0
    var description: String { "\(batch) of \(m)x\(n)x\(k), alpha \(alpha), beta \(beta), gap \(gap)" }
  }

  static let cases = [
    Case(m: 1, n: 1, k: 1), Case(m: 7, n: 5, k: 3, alpha: 0.5, beta: -2, gap: 3),
    Case(m: 33, n: 17, k: 0, beta: 0.5),
    Case(m: 300, n: 129, k: 70), Case(batch: 9, m: 12, n: 20, k: 8, alpha: -1, beta: 1, gap: 1),
    Case(batch: 3, m: 130, n: 140, k: 64, gap: 5),
  ]

  @Test(arguments: cases, [(false, false), (true, false), (false, true), (true, true)])
  func `products equal the definition on any number of threads`(_ given: Case, _ transposed: (Bool, Bool)) {
    var values = KernelValues(seed: 3)
    let (m, n, k) = (given.m, given.n, given.k)
    let rowA = (transposed.0 ? m : k) + given.gap, rowB = (transposed.1 ? k : n) + given.gap,
      rowC = n + given.gap
    let sizeA = max(1, (transposed.0 ? k : m) * rowA), sizeB = max(1, (transposed.1 ? n : k) * rowB),
      sizeC = m * rowC
    let a = values.floats(given.batch * sizeA), b = values.floats(given.batch * sizeB)
    let start = values.floats(given.batch * sizeC)
    func product() -> [Float] {
      var c = start
      mm_gemm_batched(
        Int32(given.batch), transposed.0 ? 1 : 0, transposed.1 ? 1 : 0, Int32(m), Int32(n), Int32(k),
        given.alpha, a,
        Int32(rowA), sizeA, b, Int32(rowB), sizeB, given.beta, &c, Int32(rowC), sizeC)
      return c
    }
    let found = product()
    var worst = 0.0
    for image in 0..<given.batch {
      for i in 0..<m {
        for j in 0..<rowC {
          let at = image * sizeC + i * rowC + j
          guard j < n else {
            #expect(found[at] == start[at], "what lies between rows is not touched")
            continue
          }
          var sum = 0.0
          for l in 0..<k {
            let x = a[image * sizeA + (transposed.0 ? l * rowA + i : i * rowA + l)]
            let y = b[image * sizeB + (transposed.1 ? j * rowB + l : l * rowB + j)]
            sum += Double(x) * Double(y)
          }
          let expected = Double(given.alpha) * sum + Double(given.beta) * Double(start[at])
          worst = max(worst, abs(Double(found[at]) - expected))
        }
      }
    }
    #expect(worst < 2e-6 * Double(4 * max(1, k)))
    expectSameBits("\(given)") { product() }
  }

  @Test func `without beta, what C held does not matter`() {
    var c = [Float](repeating: .nan, count: 4)
    mm_gemm(0, 0, 2, 2, 1, 1, [1, 2], 1, [3, 4], 2, 0, &c, 2)
    #expect(c == [3, 4, 6, 8])
  }
}

// Among the tests that change the instruction set, since its kernels compute the layer.
extension ConvKernelTests {
  @Test(arguments: [(1, 1, 1), (5, 300, 17), (129, 84, 10), (64, 33, 160)])
  func `the fully connected layer adds bias and residual, then activates`(_ m: Int, _ k: Int, _ n: Int) {
    var values = KernelValues(seed: 4)
    let x = values.floats(m * k), weight = values.floats(n * k), bias = values.floats(n)
    let residual = values.floats(m * n)
    func layer() -> [Float] {
      let packed = Packed(bytes: mm_linear_packed_bytes(Int32(k), Int32(n)))
      mm_linear_pack(Int32(k), Int32(n), weight, packed.start)
      var y = [Float](repeating: .nan, count: m * n)
      mm_linear_forward(
        Int32(m), Int32(k), Int32(n), x, packed.start, bias, residual, MM_ACT_LEAKY_RELU, 0.125, &y)
      return y
    }
    let found = layer()
    var worst = 0.0
    for i in 0..<m {
      for j in 0..<n {
        var sum = Double(bias[j]) + Double(residual[i * n + j])
        for l in 0..<k { sum += Double(x[i * k + l]) * Double(weight[j * k + l]) }
        worst = max(worst, abs(Double(found[i * n + j]) - (sum < 0 ? 0.125 * sum : sum)))
      }
    }
    #expect(worst < 2e-6 * Double(4 * (k + 2)))
    expectSameBits("\(m)x\(k)x\(n)") { layer() }
  }
}
