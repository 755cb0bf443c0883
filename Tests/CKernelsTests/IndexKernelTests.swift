import CKernels
import Testing

/// Indexing and sorting against plain loops, exactly.
@Suite struct IndexKernelTests {
  /// outer, n, inner, m
  static let shapes = [(1, 5, 3, 7), (3, 40, 1, 300), (2, 17, 130, 20), (1, 9, 16, 0)]

  @Test(arguments: shapes) func `rows are taken and added`(_ outer: Int, _ n: Int, _ inner: Int, _ m: Int) {
    var values = KernelValues(seed: 4)
    let x = values.floats(outer * n * inner), dy = values.floats(outer * m * inner)
    let index = values.indices(m, below: n)
    var expected = [Float](), sums = x
    for o in 0..<outer {
      for j in 0..<m {
        for i in 0..<inner {
          let at = (o * n + Int(index[j])) * inner + i
          expected.append(x[at])
          sums[at] += dy[(o * m + j) * inner + i]
        }
      }
    }
    var y = [Float](repeating: 0, count: expected.count), added = x
    #expect(mm_index_select(outer, n, inner, m, x, index, &y) == 0)
    #expect(y == expected)
    #expect(mm_index_add(outer, n, inner, m, dy, index, &added) == 0)
    #expect(added == sums)
  }

  @Test(arguments: shapes) func `elements are gathered and scattered`(
    _ outer: Int, _ n: Int, _ inner: Int, _ m: Int
  ) {
    var values = KernelValues(seed: 5)
    let x = values.floats(outer * n * inner), source = values.floats(outer * m * inner)
    let index = values.indices(source.count, below: n)
    var expected = [Float](), sums = x, placed = x
    for k in 0..<source.count {
      let at = (k / (m * inner) * n + Int(index[k])) * inner + k % inner
      expected.append(x[at])
      sums[at] += source[k]
      placed[at] = source[k]
    }
    var y = [Float](repeating: 0, count: source.count), added = x, scattered = x
    #expect(mm_gather(outer, n, inner, m, x, index, &y) == 0)
    #expect(mm_scatter_add(outer, n, inner, m, source, index, &added) == 0)
    #expect(mm_scatter(outer, n, inner, m, source, index, &scattered) == 0)
    #expect(y == expected)
    #expect(added == sums)
    #expect(scattered == placed)
  }

  @Test(arguments: [-1, 6, Int.max, Int.min]) func `the first bad index is reported, nothing written`(
    bad: Int
  ) {
    var index = [Int64](repeating: 5, count: 100_000)
    index[70_000] = Int64(bad)
    index[90_000] = -2
    let x = [Float](repeating: 1, count: 6)
    var y = [Float](repeating: 8, count: index.count)
    #expect(mm_index_select(1, 6, 1, index.count, x, index, &y) == 70_001)
    #expect(mm_gather(1, 6, 1, index.count, x, index, &y) == 70_001)
    #expect(mm_embedding_forward(6, 1, index.count, x, index, &y) == 70_001)
    #expect(y.allSatisfy { $0 == 8 })
    var table = x
    #expect(mm_index_add(1, 6, 1, index.count, y, index, &table) == 70_001)
    #expect(mm_scatter(1, 6, 1, index.count, y, index, &table) == 70_001)
    #expect(mm_scatter_add(1, 6, 1, index.count, y, index, &table) == 70_001)
    #expect(mm_embedding_backward(6, 1, index.count, -1, y, index, &table) == 70_001)
    #expect(table == x)
    var hot = [Float](repeating: 8, count: 6 * index.count)
    #expect(mm_one_hot(index.count, 6, index, &hot) == 70_001)
    #expect(hot.allSatisfy { $0 == 8 })
  }

  @Test func `embeddings leave padding without gradient`() {
    let table: [Float] = [1, 2, 3, 4, 5, 6], index: [Int64] = [2, 0, 2, 1]
    var y = [Float](repeating: 0, count: 8), gradient = [Float](repeating: 0, count: 6)
    #expect(mm_embedding_forward(3, 2, 4, table, index, &y) == 0)
    #expect(y == [5, 6, 1, 2, 5, 6, 3, 4])
    #expect(mm_embedding_backward(3, 2, 4, 0, [1, 2, 3, 4, 5, 6, 7, 8], index, &gradient) == 0)
    #expect(gradient == [0, 0, 7, 8, 6, 8])
  }

  @Test func `one hot rows`() {
    var y = [Float](repeating: 9, count: 6)
    #expect(mm_one_hot(2, 3, [2, 0], &y) == 0)
    #expect(y == [0, 0, 1, 1, 0, 0])
  }

  /// Rows with ties, both zeros, infinities and NaN.
  static func rows(_ count: Int) -> [Float] {
    var values = KernelValues(seed: UInt64(count))
    return values.floats(count).enumerated().map { position, value in
      switch position % 23 {
      case 3: .nan
      case 7: -0.0
      case 8: 0
      case 11: .infinity
      case 15: -.infinity
      default: (value * 20).rounded() / 20
      }
    }
  }
  /// NaN is the largest.
  static func precedes(_ a: Float, _ b: Float) -> Bool { b.isNaN ? !a.isNaN : a < b }

  @Test(arguments: [1, 2, 30, 48, 49, 500, 20_000], [false, true])
  func `sorting is stable, NaN largest`(n: Int, descending: Bool) {
    let x = Self.rows(2 * n)
    var expected = [Int64]()
    for row in 0..<2 {
      let order = (0..<n).sorted { a, b in
        let (p, q) = (x[row * n + a], x[row * n + b])
        if Self.precedes(p, q) { return !descending }
        return Self.precedes(q, p) ? descending : a < b
      }
      expected += order.map(Int64.init)
    }
    var value = [Float](repeating: 0, count: 2 * n), index = [Int64](repeating: 0, count: 2 * n)
    mm_sort(2, n, descending ? 1 : 0, x, &value, &index)
    #expect(index == expected)
    let bits = expected.enumerated().map { x[$0.offset / n * n + Int($0.element)].bitPattern }
    #expect(value.map(\.bitPattern) == bits)
    var inPlace = x
    inPlace.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      mm_sort(2, n, descending ? 1 : 0, base, base, nil)
    }
    #expect(inPlace.map(\.bitPattern) == bits)

    for k in Set([0, 1, min(n, 5), min(n, 40), n / 2, n]) {
      var best = [Float](repeating: 0, count: 2 * k), places = [Int64](repeating: 0, count: 2 * k)
      mm_topk(2, n, k, descending ? 1 : 0, x, &best, &places)
      #expect(places == Array(expected[0..<k] + expected[n..<n + k]), "k = \(k)")
      #expect(best.map(\.bitPattern) == Array(bits[0..<k] + bits[n..<n + k]), "k = \(k)")
    }
  }

  @Test func `positions of a mask`() {
    var values = KernelValues(seed: 6)
    let mask = (0..<150_000).map { _ in UInt8(values.integer(below: 3) * 100) }
    let expected = mask.indices.filter { mask[$0] != 0 }.map(Int64.init)
    #expect(mm_nonzero(mask.count, mask, nil) == expected.count)
    var index = [Int64](repeating: 0, count: expected.count)
    #expect(mm_nonzero(mask.count, mask, &index) == expected.count)
    #expect(index == expected)
    #expect(mm_nonzero(0, mask, nil) == 0)
  }
}
