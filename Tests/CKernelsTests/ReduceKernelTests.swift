import CKernels
import Testing

@Suite struct ReduceKernelTests {
  static let shapes = [(1, 100_003, 1), (700, 37, 1), (1, 30_000, 7), (5, 30, 300), (2, 3, 1000), (1, 1, 1)]

  @Test(arguments: shapes) func `sums, means and extremes of the middle axis`(
    _ outer: Int, _ n: Int, _ inner: Int
  ) {
    let x = KernelTest.values(outer * n * inner, in: -1...2)
    let columns = (0..<outer * inner).map { k in
      (0..<n).map { Double(x[(k / inner * n + $0) * inner + k % inner]) }
    }
    let run = { (op: mm_reduction) in
      var y = [Float](repeating: 0, count: outer * inner)
      mm_reduce(op, outer, n, inner, x, &y)
      return y
    }
    #expect(KernelTest.error(run(MM_REDUCE_SUM), columns.map { $0.reduce(0, +) }) < 3e-7)
    #expect(KernelTest.error(run(MM_REDUCE_MEAN), columns.map { $0.reduce(0, +) / Double(n) }) < 3e-7)
    #expect(run(MM_REDUCE_MAX) == columns.map { Float($0.max()!) })
    #expect(run(MM_REDUCE_MIN) == columns.map { Float($0.min()!) })
    #expect(KernelTest.isSameForAnyThreads { run(MM_REDUCE_SUM) })
  }

  @Test func `products`() {
    let x = KernelTest.values(3 * 40 * 5, in: 0.8...1.2)
    var y = [Float](repeating: 0, count: 15)
    mm_reduce(MM_REDUCE_PROD, 3, 40, 5, x, &y)
    let expected = (0..<15).map { k in (0..<40).reduce(1.0) { $0 * Double(x[(k / 5 * 40 + $1) * 5 + k % 5]) }
    }
    #expect(KernelTest.error(y, expected) < 1e-5)
  }

  @Test func `any dimensions of a transposed array`() {
    // Logical [3, 4, 5] stored as [5, 3, 4].
    let x = KernelTest.values(60), strides = [4, 1, 12]
    let at = { (i: Int, j: Int, k: Int) in Double(x[i * 4 + j + k * 12]) }
    var y = [Float](repeating: 0, count: 4)
    mm_reduce_dims(MM_REDUCE_SUM, 3, [3, 4, 5], strides, [1, 0, 1], x, &y)
    let expected = (0..<4).map { j in
      (0..<3).reduce(0) { sum, i in (0..<5).reduce(sum) { $0 + at(i, j, $1) } }
    }
    #expect(KernelTest.error(y, expected) < 1e-6)
    var all: [Float] = [0]
    mm_reduce_dims(MM_REDUCE_MEAN, 3, [3, 4, 5], strides, [1, 1, 1], x, &all)
    #expect(KernelTest.error(all, [x.reduce(0) { $0 + Double($1) } / 60]) < 1e-6)
  }

  @Test func `nothing reduces to the neutral element`() {
    var y: [Float] = [5, 5]
    mm_reduce(MM_REDUCE_SUM, 2, 0, 1, [0], &y)
    #expect(y == [0, 0])
    mm_reduce_dims(MM_REDUCE_MEAN, 2, [2, 0], [0, 1], [0, 1], [0], &y)
    #expect(y.allSatisfy { $0.isNaN })
  }

  @Test func `the first of equals and the first NaN`() {
    var y: [Float] = [0], index: [Int64] = [9]
    mm_argmax(1, 5, 1, [1, 3, 2, 3, 0], &y, &index)
    #expect(y == [3] && index == [1])
    mm_argmin(1, 4, 1, [1, .nan, -5, .nan], &y, &index)
    #expect(y[0].isNaN && index == [1])
    var x = [Float](repeating: 1, count: 100)
    x[77] = .nan
    mm_reduce(MM_REDUCE_MAX, 1, 100, 1, x, &y)
    #expect(y[0].isNaN)
    mm_reduce(MM_REDUCE_MIN, 1, 100, 1, x, &y)
    #expect(y[0].isNaN)
  }

  @Test func `any, all and running sums`() {
    var y: [UInt8] = [7, 7]
    mm_any(2, 3, 1, [0, 0, 0, 0, 2, 0], &y)
    #expect(y == [0, 1])
    mm_all(2, 3, 1, [1, 2, 1, 1, 0, 1], &y)
    #expect(y == [1, 0])
    var sums = [Float](repeating: 0, count: 6)
    mm_cumsum(1, 3, 2, 0, [1, 10, 2, 20, 3, 30], &sums)
    #expect(sums == [1, 10, 3, 30, 6, 60])
    mm_cumsum(1, 3, 2, 1, [1, 10, 2, 20, 3, 30], &sums)
    #expect(sums == [6, 60, 5, 50, 3, 30])
  }
}
