import Core

/// How many objects the best proposals find: mmdet's `eval_recalls`.
public struct Recalls: Sendable {
  /// How many proposals of a picture count.
  public var proposalCounts: [Int]
  public var thresholds: [Double]
  /// Whether boxes include the pixels at their right and bottom edges.
  public var includesEdges = false

  public init(proposalCounts: [Int], thresholds: [Double]) {
    (self.proposalCounts, self.thresholds) = (proposalCounts, thresholds)
  }

  /// - Parameters:
  ///   - truths: the objects of each picture.
  ///   - proposals: the proposals of each picture, in any order.
  /// - Returns: `[proposalCounts, thresholds]`; not a number where there are no objects.
  public func callAsFunction(_ truths: [Boxes], _ proposals: [Proposals]) -> [[Double]] {
    precondition(
      truths.count == proposals.count,
      "Recalls: must have \(truths.count) pictures' proposals, found \(proposals.count)")
    let total = truths.reduce(0) { $0 + $1.count }
    let best = concurrentMap(count: truths.count) { bestOverlaps(truths[$0], proposals[$0]) }
    return proposalCounts.indices.map { row in
      thresholds.map { threshold in
        // In 32 bits, as numpy compares.
        let limit = Float(threshold)
        let found = best.reduce(0) { $0 + $1[row].count { $0 >= limit } }
        return Double(found) / Double(total)
      }
    }
  }

  /// For each number of proposals the overlap at which each object is found: pairs are formed from the best overlap
  /// down, each object and each proposal once.
  private func bestOverlaps(_ truths: Boxes, _ proposals: Proposals) -> [[Float]] {
    // Of equal scores the last comes first, as numpy's reversed order has them.
    let keys = proposals.scores.map { $0.isNaN ? -.infinity : $0 }
    let order = keys.indices.sorted { keys[$0] > keys[$1] || (keys[$0] == keys[$1] && $0 > $1) }
    let kept = Array(order.prefix(max(0, proposalCounts.last ?? 0)))
    let overlaps = BoxOverlaps.matrix(truths, proposals.boxes[kept], extra: includesEdges ? 1 : 0)
    return proposalCounts.map { pairs(overlaps, truths.count, kept.count, min(max($0, 0), kept.count)) }
  }

  private func pairs(_ overlaps: [Float], _ rows: Int, _ stride: Int, _ columns: Int) -> [Float] {
    guard columns > 0 else { return [Float](repeating: 0, count: rows) }
    var (rowTaken, columnTaken) = (
      [Bool](repeating: false, count: rows), [Bool](repeating: false, count: columns)
    )
    func best(_ row: Int) -> (column: Int, overlap: Float) {
      var found: (column: Int, overlap: Float) = (-1, -1)
      for column in 0..<columns where !columnTaken[column] {
        let overlap = overlaps[row * stride + column]
        if found.column < 0 || overlap > found.overlap { found = (column, overlap) }
      }
      return found
    }
    var bests = (0..<rows).map(best)
    var result: [Float] = []
    for _ in 0..<rows {
      var next = -1
      for row in 0..<rows where !rowTaken[row] && (next < 0 || bests[row].overlap > bests[next].overlap) {
        next = row
      }
      let (column, overlap) = bests[next]
      result.append(overlap)
      rowTaken[next] = true
      guard column >= 0 else { continue }
      columnTaken[column] = true
      for row in 0..<rows where !rowTaken[row] && bests[row].column == column { bests[row] = best(row) }
    }
    return result
  }
}
