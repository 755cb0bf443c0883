import Core

/// Assigns squares by the overlaps of the anchors around them: the best of each square's anchors counts.
///
/// Wang et al., 2019 (<https://arxiv.org/abs/1901.03278>). Mirrors mmdet's `ApproxMaxIoUAssigner`.
public struct ApproxMaxIoUAssigner: Assigner, ConfigRecord {
  private let rule: MaxIoUAssigner

  public init(from reader: inout ConfigReader) throws { rule = try MaxIoUAssigner(from: &reader) }

  /// - Parameters:
  ///   - approximations: `perSquare` anchors for each square, together.
  public func assign(
    approximations: Boxes, perSquare: Int, squares: Boxes, _ truths: Boxes, ignored: Boxes, labels: [Int]?
  ) -> AssignResult {
    if truths.isEmpty { return .background(squares.count, labelled: labels != nil) }
    if squares.isEmpty {
      return AssignResult(
        truthCount: truths.count, gtIndices: [], maxOverlaps: [], labels: labels.map { _ in [] })
    }
    let all = BoxKernels.overlaps(rule.calculator.prepared(approximations), rule.calculator.prepared(truths))
    let count = truths.count
    // Object by object.
    var overlaps = [Float](repeating: 0, count: count * squares.count)
    for square in squares.indices {
      for truth in 0..<count {
        var best = -Float.infinity
        for member in 0..<perSquare { best = max(best, all[(square * perSquare + member) * count + truth]) }
        overlaps[truth * squares.count + square] = best
      }
    }
    let hidden = rule.hiddenBoxes(squares, ignored)
    return rule.assign(overlaps, columns: squares.count, hidden: hidden, labels: labels)
  }
}

extension MaxIoUAssigner {
  /// The same rule on overlaps that are known, object by object.
  func assign(_ given: [Float], columns: Int, hidden: [Bool]?, labels: [Int]?) -> AssignResult {
    let rows = given.count / columns
    var overlaps = given
    for column in 0..<columns where hidden?[column] ?? false {
      for row in 0..<rows { overlaps[row * columns + column] = -1 }
    }
    var indices = [Int](repeating: -1, count: columns)
    var best = [Float](repeating: -.infinity, count: columns)
    var partner = [Int](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns where overlaps[row * columns + column] > best[column] {
        (best[column], partner[column]) = (overlaps[row * columns + column], row)
      }
    }
    for column in 0..<columns {
      if best[column] >= positive {
        indices[column] = partner[column] + 1
      } else if best[column] >= negative.lowerBound && best[column] < negative.upperBound {
        indices[column] = 0
      }
    }
    if matchesLowQuality {
      for row in 0..<rows {
        let values = overlaps[(row * columns)..<((row + 1) * columns)]
        guard let most = values.max(), most >= leastPositive else { continue }
        for (column, value) in values.enumerated() where value == most {
          indices[column] = row + 1
          if !assignsAllBest { break }
        }
      }
    }
    return AssignResult(
      truthCount: rows, gtIndices: indices, maxOverlaps: best, labels: AssignResult.labels(indices, labels))
  }
}
