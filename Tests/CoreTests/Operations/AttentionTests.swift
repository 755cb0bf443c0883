import Core
import Foundation
import TestSupport
import Testing

@Suite struct AttentionTests {
  /// `softmax(scale · q kᵀ + bias) v` for one head, keys of which `isVisible` says which count.
  static func head(
    _ q: [[Double]], _ k: [[Double]], _ v: [[Double]], scale: Double,
    _ score: (_ query: Int, _ key: Int) -> Double
  ) -> [[Double]] {
    q.indices.map { i in
      let scores = k.indices.map { j in zip(q[i], k[j]).reduce(0) { $0 + $1.0 * $1.1 } * scale + score(i, j) }
      let largest = scores.max() ?? 0
      let weights = scores.map { exp($0 - largest) }
      let sum = weights.reduce(0, +)
      return (v.first ?? []).indices.map { c in
        zip(weights, v).reduce(0) { $0 + $1.0 * $1.1[c] } / sum
      }
    }
  }

  /// Rows `[count][width]` of a reference from `start` on, `pitch` apart.
  static func rows(_ x: Reference, _ start: Int, _ count: Int, _ pitch: Int, _ width: Int) -> [[Double]] {
    (0..<count).map { row in (0..<width).map { x.values[start + row * pitch + $0] } }
  }

  struct Shape: Sendable, CustomTestStringConvertible {
    var n, heads, queries, keys, depth, values: Int
    var testDescription: String { "\(n)x\(heads)x\(queries)x\(keys)x\(depth)x\(values)" }
  }

  static let shapes = [
    Shape(n: 1, heads: 1, queries: 1, keys: 1, depth: 1, values: 1),
    Shape(n: 2, heads: 2, queries: 3, keys: 5, depth: 4, values: 3),
    Shape(n: 1, heads: 3, queries: 7, keys: 17, depth: 9, values: 2),
  ]

  @Test(arguments: shapes) func `gradients of queries, keys, values and a bias`(_ s: Shape) {
    let q = Reference.random([s.n, s.heads, s.queries, s.depth], seed: 1)
    let k = Reference.random([s.n, s.heads, s.keys, s.depth], seed: 2)
    let v = Reference.random([s.n, s.heads, s.keys, s.values], seed: 3)
    for (axes, name) in [
      ([s.heads, s.queries, s.keys], "shared"), ([s.n, s.heads, s.queries, s.keys], "own"),
    ] {
      let bias = Reference.random(axes, seed: 4)
      checkGradients("\(name) bias", [q, k, v, bias]) {
        Tensor.attention(query: $0[0], key: $0[1], value: $0[2], bias: $0[3], scale: 0.7)
      } reference: { x in
        var values: [Double] = []
        for image in 0..<s.n {
          for head in 0..<s.heads {
            let at = image * s.heads + head
            let table = axes.count == 3 ? head : at
            values += Self.head(
              Self.rows(x[0], at * s.queries * s.depth, s.queries, s.depth, s.depth),
              Self.rows(x[1], at * s.keys * s.depth, s.keys, s.depth, s.depth),
              Self.rows(x[2], at * s.keys * s.values, s.keys, s.values, s.values), scale: 0.7
            ) { x[3].values[(table * s.queries + $0) * s.keys + $1] }.flatMap { $0 }
          }
        }
        return Reference([s.n, s.heads, s.queries, s.values], values)
      }
    }
  }

  /// The same by products of whole matrices.
  static func composed(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ bias: Tensor?, scale: Float) -> Tensor {
    var scores = q.matmul(k.transposed(), scale: scale)
    if let bias { scores = scores + bias }
    return scores.softmax(-1).matmul(v)
  }

  @Test(arguments: [
    Shape(n: 2, heads: 3, queries: 130, keys: 70, depth: 32, values: 32),
    Shape(n: 1, heads: 1, queries: 700, keys: 33, depth: 24, values: 40),
    Shape(n: 1, heads: 2, queries: 50, keys: 3000, depth: 16, values: 8),
    Shape(n: 20, heads: 4, queries: 49, keys: 49, depth: 32, values: 32),
  ]) func `tiles, chunks and splits add up`(_ s: Shape) {
    func leaf(_ shape: [Int], _ seed: Int) -> Tensor { Formula.images(shape, seed: seed).requiringGradient() }
    let seed = Formula.images([s.n, s.heads, s.queries, s.values], seed: 9)
    let shapes = [
      [s.n, s.heads, s.queries, s.depth], [s.n, s.heads, s.keys, s.depth], [s.n, s.heads, s.keys, s.values],
      [s.heads, s.queries, s.keys],
    ]
    func run(_ attend: ([Tensor]) -> Tensor) -> [[Float]] {
      let leaves = shapes.enumerated().map { leaf($1, $0) }
      let y = attend(leaves)
      y.backward(seed)
      return [y.detached().floats] + leaves.map { $0.gradient?.floats ?? [] }
    }
    let fused = run { Tensor.attention(query: $0[0], key: $0[1], value: $0[2], bias: $0[3], scale: 0.2) }
    let plain = run { Self.composed($0[0], $0[1], $0[2], $0[3], scale: 0.2) }
    for (index, (a, b)) in zip(fused, plain).enumerated() {
      let scale = Double(b.map { abs($0) }.max() ?? 1)
      expectClose(a, b.map { Double($0) }, relative: 1e-4, absolute: 2e-5 * scale, "result \(index)")
    }
  }

  @Test func `a hidden key does not count, and a query without keys gives NaN`() {
    let q = Formula.images([1, 1, 2, 3], seed: 1)
    let k = Formula.images([1, 1, 4, 3], seed: 2)
    let v = Formula.images([1, 1, 4, 2], seed: 3)
    let inf = -Float.infinity
    let bias = Tensor([0, inf, 0, inf, inf, inf, inf, inf] as [Float], shape: [2, 4])
    let y = Tensor.attention(query: q, key: k, value: v, bias: bias).floats
    let few = Tensor.attention(
      query: q, key: k.indexSelected(2, [0, 2]), value: v.indexSelected(2, [0, 2])
    ).floats
    expectClose(Array(y[..<2]), few[..<2].map { Double($0) }, relative: 1e-5, absolute: 1e-6)
    #expect(y[2].isNaN && y[3].isNaN)
  }

  struct Map: Sendable, CustomTestStringConvertible {
    var size: Pair
    var window, shift: Int
    var separation: WindowLayout.Separation
    var testDescription: String { "\(size) by \(window), shift \(shift), \(separation)" }
  }

  static let maps = [
    Map(size: 4, window: 2, shift: 0, separation: .none),
    Map(size: Pair(h: 3, w: 5), window: 2, shift: 1, separation: .shifted),
    Map(size: Pair(h: 2, w: 3), window: 3, shift: 1, separation: .shifted),
    Map(size: Pair(h: 3, w: 5), window: 2, shift: 0, separation: .padding),
    Map(size: Pair(h: 4, w: 5), window: 2, shift: 0, separation: .padding),
  ]

  @Test(arguments: maps) func `windows are those of a padded and shifted map`(_ c: Map) {
    let (n, heads, depth) = (2, 2, 3)
    let width = heads * depth
    let layout = WindowLayout(c.size, window: c.window, shift: c.shift, separation: c.separation)
    let packed = Reference.random([n, c.size.h * c.size.w, 3 * width], seed: 1)
    let bias = Reference.random([heads, layout.tokens, layout.tokens], seed: 2)
    let padding = Reference.random([3 * width], seed: 3)
    let inputs = layout.hasPadding ? [packed, bias, padding] : [packed, bias]
    checkGradients("\(c)", inputs) {
      Tensor.windowAttention(
        packed: $0[0], layout, heads: heads, bias: $0[1], padding: $0.count > 2 ? $0[2] : nil, scale: 0.6)
    } reference: { x in
      Self.windows(x, layout, n: n, heads: heads, depth: depth)
    }
  }

  /// Window attention by its definition: every token looks for those of its window.
  static func windows(_ x: [Reference], _ layout: WindowLayout, n: Int, heads: Int, depth: Int) -> Reference {
    let (size, full, window, shift) = (layout.size, layout.padded, layout.window, layout.shift)
    let (width, tokens) = (heads * depth, layout.tokens)
    var result = Reference(
      [n, size.h * size.w, width], [Double](repeating: 0, count: n * size.h * size.w * width))
    func part(_ position: Int, _ size: Int) -> Int {
      position < size - window ? 0 : position < size - shift ? 1 : 2
    }
    for image in 0..<n {
      for head in 0..<heads {
        for row in 0..<(full.h / window) {
          for column in 0..<(full.w / window) {
            // Positions in the shifted map, and the tokens that are there.
            let positions = (0..<tokens).map { (row * window + $0 / window, column * window + $0 % window) }
            let places = positions.map { y, x -> Int? in
              let (y, x) = ((y + shift) % full.h, (x + shift) % full.w)
              return y < size.h && x < size.w ? y * size.w + x : nil
            }
            func values(_ part: Int) -> [[Double]] {
              places.map { place in
                (0..<depth).map { c in
                  let channel = part * width + head * depth + c
                  if let place { return x[0].values[(image * size.h * size.w + place) * 3 * width + channel] }
                  return x.count > 2 ? x[2].values[channel] : 0
                }
              }
            }
            let y = Self.head(values(0), values(1), values(2), scale: 0.6) { i, j in
              var score = x[1].values[(head * tokens + i) * tokens + j]
              switch layout.separation {
              case .none: break
              case .shifted:
                let (a, b) = (positions[i], positions[j])
                let isTogether =
                  part(a.0, full.h) == part(b.0, full.h) && part(a.1, full.w) == part(b.1, full.w)
                if shift > 0, !isTogether { score -= 100 }
              case .padding:
                let counts = full.h > size.h && full.w > size.w
                if counts, (places[i] == nil) != (places[j] == nil) { score -= 1000 }
              }
              return score
            }
            for (index, place) in places.enumerated() {
              guard let place else { continue }
              for c in 0..<depth {
                result.values[(image * size.h * size.w + place) * width + head * depth + c] = y[index][c]
              }
            }
          }
        }
      }
    }
    return result
  }

  @Test func `results do not depend on the way through`() {
    // Dropping nothing goes through whole matrices; the rate is so small that no weight is dropped.
    let layout = WindowLayout(Pair(h: 9, w: 11), window: 4, shift: 2, separation: .shifted)
    let packed = Formula.images([2, 99, 48], seed: 1)
    let (bias, padding) = (Formula.images([2, 16, 16], seed: 2), Formula.images([48], seed: 3))
    func run(_ dropout: Float) -> [Float] {
      Tensor.windowAttention(
        packed: packed, layout, heads: 2, bias: bias, padding: padding, dropout: dropout
      ).floats
    }
    expectClose(run(0), run(1e-30).map { Double($0) }, relative: 1e-4, absolute: 1e-5)
  }
}
