import Core

/// Gives each object its best prior among those of the cell that holds its centre.
///
/// Mirrors mmdet's `GridAssigner` (YOLOv3): other priors are background unless they overlap an object by more than
/// `neg_iou_thr`.
public struct GridAssigner: Assigner, ConfigRecord {
  public var positive: Float
  /// Priors that overlap by more than the first and at most the second are background.
  public var negative: (above: Float, upTo: Float)
  public var leastPositive: Float
  public var assignsAllBest: Bool
  public var calculator: OverlapCalculator

  public init(from reader: inout ConfigReader) throws {
    positive = try reader.value("pos_iou_thr")
    let bounds: OneOrMany<Float> = try reader.value("neg_iou_thr")
    switch (bounds.wasList, bounds.elements.count) {
    // From 0 on, 0 included.
    case (false, _): negative = (-1, bounds.elements[0])
    case (true, 2): negative = (bounds.elements[0], bounds.elements[1])
    default: throw reader.invalid("must be a number or two, the lower first", key: "neg_iou_thr")
    }
    leastPositive = try reader.value("min_pos_iou", default: 0)
    assignsAllBest = try reader.value("gt_max_assign_all", default: true)
    calculator = try reader.value("iou_calculator", default: OverlapCalculator())
  }

  /// - Parameter responsible: whether a prior is of a cell that holds an object's centre.
  public func assign(_ boxes: Boxes, responsible: [Bool], _ truths: Boxes, labels: [Int]? = nil)
    -> AssignResult
  {
    if truths.isEmpty { return .background(boxes.count, labelled: labels != nil) }
    if boxes.isEmpty { return AssignResult(truthCount: truths.count, gtIndices: [], maxOverlaps: []) }
    let (boxValues, truthValues) = (calculator.prepared(boxes), calculator.prepared(truths))
    let all = BoxKernels.match(truthValues, boxValues).ofColumns
    let idle = responsible.map { !$0 }
    let (best, bestOfTruth) = BoxKernels.match(truthValues, boxValues, ignored: idle)
    var indices = [Int](repeating: -1, count: boxes.count)
    for index in boxes.indices {
      if all.overlaps[index] > negative.above && all.overlaps[index] <= negative.upTo { indices[index] = 0 }
      if responsible[index] && best.overlaps[index] > positive {
        indices[index] = Int(best.indices[index]) + 1
      }
    }
    if assignsAllBest {
      let partners = BoxKernels.bestPartners(
        truthValues, boxValues, best: bestOfTruth.overlaps, least: leastPositive.nextUp, ignored: idle)
      for (index, partner) in partners.enumerated() where partner >= 0 && responsible[index] {
        indices[index] = Int(partner) + 1
      }
    } else {
      for (truth, overlap) in bestOfTruth.overlaps.enumerated() where overlap > leastPositive {
        let index = Int(bestOfTruth.indices[truth])
        if responsible[index] { indices[index] = truth + 1 }
      }
    }
    return AssignResult(
      truthCount: truths.count, gtIndices: indices, maxOverlaps: best.overlaps,
      labels: AssignResult.labels(indices, labels))
  }
}
