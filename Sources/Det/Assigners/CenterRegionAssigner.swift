import Core

/// Gives each object the priors whose centres lie in it and that reach its core; those in its shadow do not count for its
/// class.
///
/// Zhu et al., 2019, section 3.3 (<https://arxiv.org/abs/1903.00621>). Mirrors mmdet's `CenterRegionAssigner`; of several
/// objects the smallest wins.
public struct CenterRegionAssigner: Assigner, ConfigRecord {
  /// The core's and the shadow's sides relative to the object's.
  public var coreScale, shadowScale: Float
  /// The share of a prior that must lie in the core.
  public var leastOverlap: Float
  public var ignoreScale: Float
  /// Whether a prior can stand for an object although it is in the shadow of another of its class.
  public var foregroundWins: Bool
  public var calculator: OverlapCalculator

  public init(from reader: inout ConfigReader) throws {
    coreScale = try reader.value("pos_scale")
    shadowScale = try reader.value("neg_scale")
    leastOverlap = try reader.value("min_pos_iof", default: 1e-2)
    ignoreScale = try reader.value("ignore_gt_scale", default: 0.5)
    foregroundWins = try reader.value("foreground_dominate", default: false)
    calculator = try reader.value("iou_calculator", default: OverlapCalculator())
  }

  /// - Returns: the result, whose overlaps are 0, and pairs of a prior and a class that do not count.
  public func assign(_ boxes: Boxes, _ truths: Boxes, ignored: Boxes, labels: [Int]) -> (
    AssignResult, shadowed: [(box: Int, label: Int)]
  ) {
    let count = truths.count
    var indices = [Int](repeating: 0, count: boxes.count)
    var shadowed: [(box: Int, label: Int)] = []
    if count > 0 && !boxes.isEmpty {
      let values = calculator.prepared(boxes)
      let inCore = BoxKernels.overlaps(values, calculator.prepared(truths.scaled(by: coreScale)), .iof)
      let inShadow = BoxKernels.overlaps(values, calculator.prepared(truths.scaled(by: shadowScale)), .iof)
      // Large objects first: the last has priority.
      let order = descendingOrder(truths.map(\.area))
      var others: [(box: Int, truth: Int)] = []
      for index in boxes.indices {
        let center = boxes[index].center
        var cores = [Bool](repeating: false, count: count)
        for truth in 0..<count {
          cores[truth] = truths[truth].holds(center) && inCore[index * count + truth] > leastOverlap
          if inShadow[index * count + truth] > leastOverlap && !cores[truth] {
            shadowed.append((index, labels[truth]))
          }
        }
        if let winner = order.last(where: { cores[$0] }) {
          indices[index] = winner + 1
          for truth in 0..<count where cores[truth] && truth != winner { others.append((index, truth)) }
        }
      }
      shadowed += others.map { ($0.box, labels[$0.truth]) }
    }
    let regions = ignored.scaled(by: ignoreScale)
    for index in boxes.indices where regions.contains(where: { $0.holds(boxes[index].center) }) {
      indices[index] = -1
    }
    var boxLabels = AssignResult.labels(indices, labels) ?? []
    if foregroundWins {
      shadowed.removeAll { boxLabels[$0.box] == $0.label }
    } else {
      // All clashes are found before any is settled.
      let clashes = shadowed.filter { boxLabels[$0.box] == $0.label }.map(\.box)
      for box in clashes { (indices[box], boxLabels[box]) = (0, -1) }
    }
    return (
      AssignResult(
        truthCount: count, gtIndices: indices, maxOverlaps: [Float](repeating: 0, count: boxes.count),
        labels: boxLabels),
      shadowed
    )
  }
}

extension Boxes {
  /// Sides changed by a factor, centres kept.
  func scaled(by scale: Float) -> Boxes {
    Boxes(
      map { box in
        let (x, y) = ((box.x2 + box.x1) * 0.5, (box.y2 + box.y1) * 0.5)
        let (w, h) = (box.width * 0.5 * scale, box.height * 0.5 * scale)
        return Box(x - w, y - h, x + w, y + h)
      })
  }
}

extension Box {
  /// Whether a point lies inside, not on the border.
  func holds(_ point: (x: Float, y: Float)) -> Bool {
    point.x > x1 && point.x < x2 && point.y > y1 && point.y < y2
  }
}
