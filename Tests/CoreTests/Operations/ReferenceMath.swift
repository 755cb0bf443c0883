import TestSupport

// Plain operations on `Reference`s, against which operators are held.
extension Reference {
  func map(_ function: (Double) -> Double) -> Reference { Reference(shape, values.map(function)) }

  /// Element by element, with broadcasting.
  func zip(_ other: Reference, _ function: (Double, Double) -> Double) -> Reference {
    let rank = max(shape.count, other.shape.count)
    func padded(_ shape: [Int]) -> [Int] { [Int](repeating: 1, count: rank - shape.count) + shape }
    let (a, b) = (padded(shape), padded(other.shape))
    let result = (0..<rank).map { a[$0] == 1 ? b[$0] : a[$0] }
    var values: [Double] = []
    forEachIndex(of: result) { index in
      func at(_ shape: [Int]) -> Int {
        index.indices.reduce(0) { $0 * shape[$1] + (shape[$1] == 1 ? 0 : index[$1]) }
      }
      values.append(function(self.values[at(a)], other.values[at(b)]))
    }
    return Reference(result, values)
  }

  /// Every line along `axis` replaced by what `function` makes of it.
  func lines(_ axis: Int, _ function: ([Double]) -> [Double]) -> Reference {
    let at = axis < 0 ? axis + shape.count : axis
    let (n, inner) = (shape[at], shape[(at + 1)...].reduce(1, *))
    let outer = shape[..<at].reduce(1, *)
    var result: [Double] = []
    var length = 0
    for o in 0..<outer {
      let made = (0..<inner).map { i in function((0..<n).map { values[(o * n + $0) * inner + i] }) }
      length = made.first?.count ?? 0
      for j in 0..<length { for i in 0..<inner { result.append(made[i][j]) } }
    }
    var newShape = shape
    newShape[at] = length
    return Reference(newShape, result)
  }

  func reshaped(_ newShape: [Int]) -> Reference { Reference(newShape, values) }

  func permuted(_ axes: [Int]) -> Reference {
    var result: [Double] = []
    forEachIndex(of: axes.map { shape[$0] }) { index in
      var source = [Int](repeating: 0, count: axes.count)
      for (position, axis) in axes.enumerated() { source[axis] = index[position] }
      result.append(values[Swift.zip(source, shape).reduce(0) { $0 * $1.1 + $1.0 }])
    }
    return Reference(axes.map { shape[$0] }, result)
  }

  /// Products of the last two axes; those before are equal in both.
  func matmul(_ other: Reference) -> Reference {
    let (m, k, n) = (shape[shape.count - 2], shape[shape.count - 1], other.shape[other.shape.count - 1])
    let batch = shape.dropLast(2).reduce(1, *)
    var result: [Double] = []
    for b in 0..<batch {
      for i in 0..<m {
        for j in 0..<n {
          result.append(
            (0..<k).reduce(0) { $0 + values[(b * m + i) * k + $1] * other.values[(b * k + $1) * n + j] })
        }
      }
    }
    return Reference(shape.dropLast(2) + [m, n], result)
  }

  func sum() -> Double { values.reduce(0, +) }
}

/// Calls `body` with every index of `shape` in row-major order.
func forEachIndex(of shape: [Int], _ body: ([Int]) -> Void) {
  var index = [Int](repeating: 0, count: shape.count)
  for _ in 0..<shape.reduce(1, *) {
    body(index)
    for axis in shape.indices.reversed() {
      index[axis] += 1
      if index[axis] < shape[axis] { break }
      index[axis] = 0
    }
  }
}
