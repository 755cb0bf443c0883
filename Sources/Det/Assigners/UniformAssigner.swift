import Core

/// Gives each object the same number of priors: those closest to it, and those whose predictions are.
///
/// Chen et al., 2021 (<https://arxiv.org/abs/2103.09460>). Mirrors mmdet's `UniformAssigner`.
public struct UniformAssigner: Assigner, ConfigRecord {
  /// Priors that overlap an object less than this do not stand for it.
  public var leastPositive: Float
  /// Predictions that overlap an object more than this are not background.
  public var mostNegative: Float
  public var count: Int
  public var calculator: OverlapCalculator

  public init(from reader: inout ConfigReader) throws {
    leastPositive = try reader.value("pos_ignore_thr")
    mostNegative = try reader.value("neg_ignore_thr")
    count = try reader.value("match_times", default: 4)
    guard count > 0 else { throw reader.invalid("must be positive, found \(count)", key: "match_times") }
    calculator = try reader.value("iou_calculator", default: OverlapCalculator())
  }

  /// What training needs of an assignment besides its result.
  public struct Pairs: Sendable {
    /// For each match whether it counts, the prediction, and the object.
    public var counts: [Bool]
    public var predictions: [Int]
    public var truths: [Int]
  }

  public func assign(_ predictions: Boxes, _ anchors: Boxes, _ truths: Boxes, labels: [Int]?) -> (
    AssignResult, Pairs
  ) {
    let none = Pairs(counts: [], predictions: [], truths: [])
    let total = predictions.count
    if truths.isEmpty || total == 0 {
      var result = AssignResult.background(total, labelled: labels != nil)
      result.truthCount = truths.count
      return (result, none)
    }
    // The original puts rank before object: the closest predictions of all objects, their closest priors, the second ...
    let matched = zip(ranks(predictions, truths), ranks(anchors, truths)).flatMap { $0 + $1 }
    let truthOf = matched.indices.map { $0 % truths.count }
    let predicted = BoxKernels.overlaps(calculator.prepared(predictions), calculator.prepared(truths))
    let prior = BoxKernels.overlaps(calculator.prepared(anchors), calculator.prepared(truths))
    var indices = [Int](repeating: 0, count: total)
    var best = [Float](repeating: 0, count: total)
    for index in 0..<total {
      let row = predicted[(index * truths.count)..<((index + 1) * truths.count)]
      best[index] = row.max() ?? 0
      if best[index] > mostNegative { indices[index] = -1 }
    }
    var counts: [Bool] = []
    for (place, index) in matched.enumerated() {
      let overlap = prior[index * truths.count + truthOf[place]]
      counts.append(overlap >= leastPositive)
      indices[index] = overlap < leastPositive ? -1 : truthOf[place] + 1
    }
    let result = AssignResult(
      truthCount: truths.count, gtIndices: indices, maxOverlaps: best,
      labels: AssignResult.labels(indices, labels))
    return (result, Pairs(counts: counts, predictions: matched, truths: truthOf))
  }

  /// For each rank the boxes of that rank in closeness, object by object. Distance is that of centres and sides, summed.
  private func ranks(_ boxes: Boxes, _ truths: Boxes) -> [[Int]] {
    func parts(_ box: Box) -> (Float, Float, Float, Float) {
      (box.center.x, box.center.y, box.width, box.height)
    }
    let all = boxes.map(parts)
    let closest = truths.map { truth -> [Int] in
      let t = parts(truth)
      return torchTopK(
        all.map { abs($0.0 - t.0) + abs($0.1 - t.1) + abs($0.2 - t.2) + abs($0.3 - t.3) }, count,
        largest: false)
    }
    let depth = closest.first?.count ?? 0
    return (0..<depth).map { rank in closest.map { $0[rank] } }
  }
}
