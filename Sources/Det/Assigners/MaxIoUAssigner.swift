import Core

/// Assigns each box to the object that it overlaps most, if that is enough, and each object its best box.
///
/// Mirrors mmdet's `MaxIoUAssigner`; overlap is intersection over union:
/// 1. boxes below `neg_iou_thr` (or between two such numbers) are background, others do not count;
/// 2. boxes of `pos_iou_thr` or more stand for the object that they overlap most;
/// 3. with `match_low_quality`, the best boxes of each object (all of equals, or the first) stand for it if they overlap
///    it by `min_pos_iou`; later objects win.
public struct MaxIoUAssigner: BoxAssigner, ConfigRecord {
  public var positive: Float
  /// Boxes with overlaps in this range are background.
  public var negative: Range<Float>
  public var leastPositive: Float
  public var assignsAllBest: Bool
  /// Boxes that lie within an ignored region by more than this do not count; none where not positive.
  public var ignoreOverlap: Float
  /// Whether that overlap is relative to the box or to the region.
  public var ignoresByBox: Bool
  public var matchesLowQuality: Bool
  public var calculator: OverlapCalculator

  public init(from reader: inout ConfigReader) throws {
    positive = try reader.value("pos_iou_thr")
    let bounds: OneOrMany<Float> = try reader.value("neg_iou_thr")
    switch (bounds.wasList, bounds.elements.count) {
    case (false, _): negative = 0..<max(0, bounds.elements[0])
    case (true, 2) where bounds.elements[0] <= bounds.elements[1]:
      negative = bounds.elements[0]..<bounds.elements[1]
    default: throw reader.invalid("must be a number or two, the lower first", key: "neg_iou_thr")
    }
    leastPositive = try reader.value("min_pos_iou", default: 0)
    assignsAllBest = try reader.value("gt_max_assign_all", default: true)
    ignoreOverlap = try reader.value("ignore_iof_thr", default: -1)
    ignoresByBox = try reader.value("ignore_wrt_candidates", default: true)
    matchesLowQuality = try reader.value("match_low_quality", default: true)
    // Where the work is done makes no difference on one processor.
    reader.ignore("gpu_assign_thr")
    calculator = try reader.value("iou_calculator", default: OverlapCalculator())
  }

  public init(positive: Float, negative: Float, leastPositive: Float = 0) {
    (self.positive, self.negative, self.leastPositive) = (positive, 0..<negative, leastPositive)
    (assignsAllBest, ignoreOverlap, ignoresByBox, matchesLowQuality) = (true, -1, true, true)
    calculator = OverlapCalculator()
  }

  public func assign(_ boxes: Boxes, _ truths: Boxes, ignored: Boxes, labels: [Int]?) -> AssignResult {
    if truths.isEmpty { return .background(boxes.count, labelled: labels != nil) }
    if boxes.isEmpty {
      return AssignResult(
        truthCount: truths.count, gtIndices: [], maxOverlaps: [], labels: labels.map { _ in [] })
    }
    let (boxValues, truthValues) = (calculator.prepared(boxes), calculator.prepared(truths))
    let hidden = hiddenBoxes(boxes, ignored)
    let (best, bestOfTruth) = BoxKernels.match(truthValues, boxValues, ignored: hidden)
    var indices = [Int](repeating: -1, count: boxes.count)
    for (index, overlap) in best.overlaps.enumerated() {
      if overlap >= positive {
        indices[index] = Int(best.indices[index]) + 1
      } else if overlap >= negative.lowerBound && overlap < negative.upperBound {
        indices[index] = 0
      }
    }
    if matchesLowQuality {
      if assignsAllBest {
        let partners = BoxKernels.bestPartners(
          truthValues, boxValues, best: bestOfTruth.overlaps, least: leastPositive, ignored: hidden)
        for (index, partner) in partners.enumerated() where partner >= 0 { indices[index] = Int(partner) + 1 }
      } else {
        for (truth, overlap) in bestOfTruth.overlaps.enumerated() where overlap >= leastPositive {
          indices[Int(bestOfTruth.indices[truth])] = truth + 1
        }
      }
    }
    return AssignResult(
      truthCount: truths.count, gtIndices: indices, maxOverlaps: best.overlaps,
      labels: AssignResult.labels(indices, labels))
  }

  /// Which boxes lie within ignored regions.
  func hiddenBoxes(_ boxes: Boxes, _ ignored: Boxes) -> [Bool]? {
    guard ignoreOverlap > 0, !ignored.isEmpty else { return nil }
    let (boxValues, regions) = (calculator.prepared(boxes), calculator.prepared(ignored))
    var hidden = [Bool](repeating: false, count: boxes.count)
    if ignoresByBox {
      let overlaps = BoxKernels.overlaps(boxValues, regions, .iof)
      for index in hidden.indices {
        for region in 0..<ignored.count where overlaps[index * ignored.count + region] > ignoreOverlap {
          hidden[index] = true
        }
      }
    } else {
      let overlaps = BoxKernels.overlaps(regions, boxValues, .iof)
      for region in 0..<ignored.count {
        for index in hidden.indices where overlaps[region * boxes.count + index] > ignoreOverlap {
          hidden[index] = true
        }
      }
    }
    return hidden
  }
}

/// mmdet's `BboxOverlaps2D`: how assigners measure overlap. With `dtype='fp16'` boxes are divided by `scale` and rounded
/// to half precision before.
public struct OverlapCalculator: Sendable, ConfigRecord {
  public var scale: Float = 1
  public var isHalf = false

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    guard type == "BboxOverlaps2D" || type == "mmdet.BboxOverlaps2D" else {
      throw BuildError(
        .unknownName(type, role: "iou calculator", known: ["BboxOverlaps2D"]), path: reader.path("type"),
        location: reader.location)
    }
    scale = try reader.value("scale", default: 1)
    isHalf = try reader.optional("dtype", as: String.self) == "fp16"
    guard scale > 0 else { throw reader.invalid("must be positive, found \(scale)", key: "scale") }
  }

  func prepared(_ boxes: Boxes) -> [Float] {
    guard isHalf else { return boxes.values }
    return Tensor(boxes.values.map { $0 / scale }).converted(to: .float16).converted(to: .float32).floats
  }
}
