import Core
import Foundation

/// Gives each object the priors whose predictions cost least, as many as its best predictions overlap it.
///
/// Ge et al., 2021 (<https://arxiv.org/abs/2107.08430>). Mirrors mmdet's `SimOTAAssigner`.
public struct SimOTAAssigner: Assigner, ConfigRecord {
  /// Priors within so many strides of an object's centre can stand for it.
  public var centerRadius: Float
  public var candidates: Int
  public var overlapWeight, classWeight: Float

  public init(from reader: inout ConfigReader) throws {
    centerRadius = try reader.value("center_radius", default: 2.5)
    candidates = try reader.value("candidate_topk", default: 10)
    guard candidates > 0 else {
      throw reader.invalid("must be positive, found \(candidates)", key: "candidate_topk")
    }
    overlapWeight = try reader.value("iou_weight", default: 3)
    classWeight = try reader.value("cls_weight", default: 1)
  }

  /// - Parameters:
  ///   - scores: probabilities, prior by prior.
  ///   - priors: `x, y, stride, stride` of each.
  ///   - predictions: a box for each prior.
  public func assign(
    _ scores: [Float], classes: Int, _ priors: [Float], _ predictions: Boxes, _ truths: Boxes, labels: [Int]
  ) -> AssignResult {
    let (total, count) = (predictions.count, truths.count)
    if truths.isEmpty { return .background(total, labelled: true) }
    var (valid, inBoth): ([Int], [Bool]) = ([], [])
    for prior in 0..<total {
      let flags = (0..<count).map { place(priors, prior, truths[$0]) }
      guard flags.contains(where: { $0.inBox || $0.nearCenter }) else { continue }
      valid.append(prior)
      inBoth += flags.map { $0.inBox && $0.nearCenter }
    }
    var result = AssignResult.background(total, labelled: true)
    result.truthCount = count
    if valid.isEmpty { return result }
    let overlaps = BoxKernels.overlaps(predictions[valid].values, truths.values)
    var costs = [Float](repeating: 0, count: valid.count * count)
    for (row, prior) in valid.enumerated() {
      // Of a class: all scores' costs as background, its own as foreground instead.
      var background: Float = 0
      for label in 0..<classes { background += entropy(1 - scores[prior * classes + label].squareRoot()) }
      for truth in 0..<count {
        let own = scores[prior * classes + labels[truth]].squareRoot()
        let cls = background - entropy(1 - own) + entropy(own)
        let at = row * count + truth
        costs[at] = cls * classWeight - logf(overlaps[at] + 1e-7) * overlapWeight + (inBoth[at] ? 0 : 100000)
      }
    }
    let matches = match(costs, overlaps, rows: valid.count, count)
    result.maxOverlaps = [Float](repeating: -100000, count: total)
    for (row, truth) in matches.enumerated() {
      guard let truth else { continue }
      result.gtIndices[valid[row]] = truth + 1
      result.maxOverlaps[valid[row]] = overlaps[row * count + truth]
      result.labels?[valid[row]] = labels[truth]
    }
    return result
  }

  private func entropy(_ probability: Float) -> Float { -max(logf(probability), -100) }

  private func place(_ priors: [Float], _ prior: Int, _ box: Box) -> (inBox: Bool, nearCenter: Bool) {
    let (x, y) = (priors[4 * prior], priors[4 * prior + 1])
    let (radiusX, radiusY) = (centerRadius * priors[4 * prior + 2], centerRadius * priors[4 * prior + 3])
    let (cx, cy) = box.center
    let inBox = min(min(x - box.x1, y - box.y1), min(box.x2 - x, box.y2 - y)) > 0
    let near =
      min(
        min(x - (cx - radiusX), y - (cy - radiusY)), min(cx + radiusX - x, cy + radiusY - y)) > 0
    return (inBox, near)
  }

  /// The object of each row, if any: each object takes its cheapest rows, and a row that several take its cheapest object.
  private func match(_ costs: [Float], _ overlaps: [Float], rows: Int, _ count: Int) -> [Int?] {
    var takers = [[Int]](repeating: [], count: rows)
    for truth in 0..<count {
      let column = (0..<rows).map { overlaps[$0 * count + truth] }
      let best = torchTopK(column, candidates, largest: true).reduce(Float(0)) { $0 + column[$1] }
      let wanted = max(1, best.isFinite ? Int(best) : 1)
      let prices = (0..<rows).map { costs[$0 * count + truth] }
      for row in torchTopK(prices, wanted, largest: false) { takers[row].append(truth) }
    }
    return takers.enumerated().map { row, takers in
      guard takers.count > 1 else { return takers.first }
      return (0..<count).min { (costs[row * count + $0], $0) < (costs[row * count + $1], $1) }
    }
  }
}
