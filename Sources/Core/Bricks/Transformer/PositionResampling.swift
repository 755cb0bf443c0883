import Foundation

/// Tables of biases for distances between patches, for another number of distances.
///
/// Distances are thought to grow by a constant ratio, so that short ones keep their biases, and a bicubic spline gives the
/// values between; this is what BEiT's authors do.
enum PositionResampling {
  /// - Parameters:
  ///   - table: `[source · source, heads]`, of distances `-n...n` along both axes.
  ///   - target: how many distances there are to be along an axis; like `source` an odd number of at least 3.
  /// - Returns: `[target · target, heads]`, or `nil` where a spline needs more points.
  static func geometric(_ table: Tensor, source: Int, target: Int) -> Tensor? {
    guard source >= 5, target >= 1, table.rank == 2, table.shape[0] == source * source else { return nil }
    let heads = table.shape[1]
    let points = positions(source, target)
    let half = Double(target / 2)
    let wanted = (0..<(2 * (target / 2) + 1)).map { Double($0) - half }
    guard wanted.count == target, let weights = splineWeights(points, at: wanted) else { return nil }
    let matrix = Tensor(weights.flatMap { $0.map { Float($0) } }, shape: [target, source])
    // [heads, target, target] = M Z Mᵀ
    let maps = table.transposed(0, 1).reshaped([heads, source, source])
    let rows = matrix.matmul(maps)
    return rows.matmul(matrix.transposed()).reshaped([heads, target * target]).transposed(0, 1).contiguous()
  }

  /// Where the distances of the table stand on the new scale.
  private static func positions(_ source: Int, _ target: Int) -> [Double] {
    func reach(_ ratio: Double) -> Double { (1 - pow(ratio, Double(source / 2))) / (1 - ratio) }
    var (low, high, ratio) = (1.01, 1.5, 1.01)
    while high - low > 1e-6 {
      ratio = (low + high) / 2
      if reach(ratio) > Double(target / 2) { high = ratio } else { low = ratio }
    }
    var (distances, distance) = ([Double](), 1.0)
    for i in 0..<(source / 2) {
      distances.append(distance)
      distance += pow(ratio, Double(i + 1))
    }
    return distances.reversed().map { -$0 } + [0] + distances
  }

  /// For each place of `wanted` the weights of the values at `points` in a cubic spline through them, which is smooth to the
  /// third derivative at the second and the last but one point ("not a knot"). Places outside count as the nearest end.
  static func splineWeights(_ points: [Double], at wanted: [Double]) -> [[Double]]? {
    let n = points.count
    guard n >= 4 else { return nil }
    let gaps = zip(points, points.dropFirst()).map { $1 - $0 }
    guard gaps.allSatisfy({ $0 > 0 }) else { return nil }
    // Second derivatives m solve A m = B y; both sides are written for all y at once.
    var a = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    var b = a
    (a[0][0], a[0][1], a[0][2]) = (gaps[1], -(gaps[0] + gaps[1]), gaps[0])
    for i in 1..<(n - 1) {
      (a[i][i - 1], a[i][i], a[i][i + 1]) = (gaps[i - 1], 2 * (gaps[i - 1] + gaps[i]), gaps[i])
      b[i][i - 1] += 6 / gaps[i - 1]
      b[i][i] -= 6 / gaps[i - 1] + 6 / gaps[i]
      b[i][i + 1] += 6 / gaps[i]
    }
    (a[n - 1][n - 3], a[n - 1][n - 2]) = (gaps[n - 2], -(gaps[n - 3] + gaps[n - 2]))
    a[n - 1][n - 1] = gaps[n - 3]
    guard let m = solve(a, b) else { return nil }
    return wanted.map { place in
      let x = min(max(place, points[0]), points[n - 1])
      let i = max(0, min(n - 2, (points.firstIndex { $0 > x } ?? n - 1) - 1))
      let (h, left, right) = (gaps[i], points[i + 1] - x, x - points[i])
      var weights = (0..<n).map { k in
        m[i][k] * (left * left * left / (6 * h) - h * left / 6)
          + m[i + 1][k] * (right * right * right / (6 * h) - h * right / 6)
      }
      weights[i] += left / h
      weights[i + 1] += right / h
      return weights
    }
  }

  /// Gaussian elimination with pivoting.
  private static func solve(_ a: [[Double]], _ b: [[Double]]) -> [[Double]]? {
    var (a, b) = (a, b)
    let n = a.count
    for column in 0..<n {
      guard let pivot = (column..<n).max(by: { abs(a[$0][column]) < abs(a[$1][column]) }),
        a[pivot][column] != 0
      else { return nil }
      a.swapAt(column, pivot)
      b.swapAt(column, pivot)
      for row in 0..<n where row != column && a[row][column] != 0 {
        let factor = a[row][column] / a[column][column]
        for k in column..<n { a[row][k] -= factor * a[column][k] }
        for k in b[row].indices { b[row][k] -= factor * b[column][k] }
      }
    }
    for row in 0..<n {
      for k in b[row].indices { b[row][k] /= a[row][row] }
    }
    return b
  }
}
