import Core
import Foundation

/// Takes the negative boxes that matter most and says how much each does: those of high score in groups that overlap.
///
/// Cao et al., 2019, section 4.2 (<https://arxiv.org/abs/1904.04821>). Mirrors mmdet's `ScoreHLRSampler`, which needs the second
/// stage that it samples for.
public struct ScoreHLRSampler: BoxSampler, ConfigRecord {
  let quota: SamplingQuota
  /// Importance becomes a weight by a shift and a power.
  public var power, bias: Float
  /// Negative boxes of lower scores are taken at random.
  public var scoreThreshold: Float
  /// From which overlap boxes are of one group.
  public var overlap: Float

  public init(from reader: inout ConfigReader) throws {
    quota = try SamplingQuota(from: &reader)
    power = try reader.value("k", default: 0.5)
    bias = try reader.value("bias", default: 0)
    scoreThreshold = try reader.value("score_thr", default: 0.05)
    overlap = try reader.value("iou_thr", default: 0.5)
  }

  public func sample(
    _ assigned: AssignResult, _ boxes: Boxes, _ truths: Boxes, labels: [Int]?,
    hardness: ((_ boxes: Boxes, _ labels: [Int]) throws -> [Float])?
  ) throws -> SamplingResult {
    throw InvalidConfig("ScoreHLRSampler is for a PISARoIHead only")
  }

  /// What a second stage says of negative boxes.
  struct Judgement {
    /// Probabilities of the classes and, last, of the background, a row a box.
    var probabilities: [Float]
    var classes: Int
    /// A classification loss for each box.
    var losses: [Float]
    /// Where each box moves to for its best class.
    var moved: Boxes
  }

  /// - Parameter judge: what the second stage says of boxes.
  /// - Returns: the sample, and a weight for each of its negative boxes.
  func sample(
    _ assigned: AssignResult, _ boxes: Boxes, _ truths: Boxes, labels: [Int],
    judge: (Boxes) throws -> Judgement
  ) throws -> (result: SamplingResult, weights: [Float]?) {
    var (assigned, candidates, added) = (assigned, boxes, 0)
    if quota.addsTruths && !truths.isEmpty {
      candidates = truths
      candidates.append(contentsOf: boxes)
      assigned.addTruths(labels)
      added = truths.count
    }
    var pool = SamplingPool(
      assigned: assigned, boxes: candidates, hardness: nil,
      generator: RandomGenerator(seed: RandomSource.current.next()))
    let positives = pool.choose(pool.positives, Int(Double(quota.count) * quota.positiveFraction))
    var rest = quota.count - positives.count
    if quota.negativesPerPositive >= 0 {
      rest = min(rest, Int(quota.negativesPerPositive * Double(max(1, positives.count))))
    }
    let all = pool.negatives
    guard !all.isEmpty else {
      return (
        SamplingResult(positives: positives, negatives: [], candidates, truths, assigned, addedTruths: added),
        nil
      )
    }
    let (chosen, weights) = negatives(try judge(candidates[all]), min(all.count, rest), &pool)
    let result = SamplingResult(
      positives: positives, negatives: chosen.map { all[$0] }, candidates, truths, assigned,
      addedTruths: added)
    return (result, weights)
  }

  /// The `count` negative boxes that matter most, and their weights.
  private func negatives(_ given: Judgement, _ count: Int, _ pool: inout SamplingPool) -> (
    chosen: [Int], weights: [Float]
  ) {
    let width = given.classes + 1
    let scores = given.losses.indices.map { row in
      given.probabilities[row * width..<row * width + given.classes].max() ?? 0
    }
    let valid = scores.indices.filter { scores[$0] > scoreThreshold },
      weak = scores.indices.filter { !(scores[$0] > scoreThreshold) }
    guard !valid.isEmpty else {
      let chosen = Array(pool.generator.permutation(scores.count).prefix(count))
      return (chosen, Array(repeating: 1, count: chosen.count))
    }
    // Rank within a group of boxes that overlap, then the score.
    var importance = [Float](repeating: 0, count: valid.count)
    for group in groups(given.moved[valid], valid.map { scores[$0] }) {
      for (rank, member) in group.enumerated() {
        importance[member] = Float(valid.count - rank) + scores[valid[member]]
      }
    }
    let order = descendingOrder(importance)
    let best = Array(order.prefix(count))
    let random = Array(pool.generator.permutation(weak.count).prefix(max(0, count - best.count))).map {
      weak[$0]
    }
    let bound = Float(max(count, valid.count))
    var weights = best.indices.map { (bound - Float($0)) / bound }
    weights += Array(repeating: weights.min() ?? 1, count: random.count)
    weights = weights.map { powf(bias + (1 - bias) * $0, power) }
    let chosen = best.map { valid[$0] } + random
    // The sum of losses stays as it was.
    let before = chosen.reduce(Float(0)) { $0 + given.losses[$1] }
    let after = zip(chosen, weights).reduce(Float(0)) { $0 + given.losses[$1.0] * $1.1 }
    return (chosen, weights.map { $0 * (before / after) })
  }

  /// Each best box with those that it overlaps, best first. Mirrors mmcv's `nms_match`.
  private func groups(_ boxes: Boxes, _ scores: [Float]) -> [[Int]] {
    let order = descendingOrder(scores)
    var isTaken = [Bool](repeating: false, count: order.count)
    var result: [[Int]] = []
    for (place, first) in order.enumerated() where !isTaken[place] {
      var group = [first]
      let a = boxes[first]
      for other in place + 1..<max(order.count, place + 1) where !isTaken[other] {
        let b = boxes[order[other]]
        let width = max(0, min(a.x2, b.x2) - max(a.x1, b.x1)),
          height = max(0, min(a.y2, b.y2) - max(a.y1, b.y1))
        let shared = width * height
        if shared / (a.area + b.area - shared) >= overlap {
          isTaken[other] = true
          group.append(order[other])
        }
      }
      result.append(group)
    }
    return result
  }
}
