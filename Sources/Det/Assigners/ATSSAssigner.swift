import Core

/// Takes, for each object, the priors closest to its centre on each level, and of these the ones that overlap it by more
/// than the mean and the deviation of all.
///
/// Zhang et al., 2019 (<https://arxiv.org/abs/1912.02424>). Mirrors mmdet's `ATSSAssigner` without costs (`alpha`).
public struct ATSSAssigner: Assigner, ConfigRecord {
  public var candidates: Int
  public var ignoreOverlap: Float
  public var calculator: OverlapCalculator
  /// Of the form with costs; heads that have one read it.
  public var alpha: Float?

  public init(from reader: inout ConfigReader) throws {
    candidates = try reader.value("topk")
    guard candidates > 0 else { throw reader.invalid("must be positive, found \(candidates)", key: "topk") }
    alpha = try reader.optional("alpha")
    calculator = try reader.value("iou_calculator", default: OverlapCalculator())
    ignoreOverlap = try reader.value("ignore_iof_thr", default: -1)
  }

  /// - Parameters:
  ///   - counts: how many of the boxes belong to each level.
  ///   - overlaps: instead of those of the boxes, box by box; of the form with costs.
  public func assign(
    _ boxes: Boxes, counts: [Int], _ truths: Boxes, ignored: Boxes, labels: [Int]?,
    overlaps given: [Float]? = nil
  ) -> AssignResult {
    if truths.isEmpty { return .background(boxes.count, labelled: labels != nil) }
    if boxes.isEmpty {
      return AssignResult(
        truthCount: truths.count, gtIndices: [], maxOverlaps: [], labels: labels.map { _ in [] })
    }
    var indices = [Int](repeating: 0, count: boxes.count)
    var hidden = [Bool](repeating: false, count: boxes.count)
    if ignoreOverlap > 0 && !ignored.isEmpty {
      let within = BoxKernels.overlaps(calculator.prepared(boxes), calculator.prepared(ignored), .iof)
      for index in boxes.indices {
        hidden[index] = (0..<ignored.count).contains { within[index * ignored.count + $0] > ignoreOverlap }
        if hidden[index] { indices[index] = -1 }
      }
    }
    let centers = boxes.indices.map { boxes[$0].center }
    let ranges = levelRanges(counts)
    var best = [Float](repeating: -1e8, count: boxes.count)
    for (truth, box) in truths.enumerated() {
      let center = box.center
      let chosen = ranges.flatMap { range -> [Int] in
        let distances = range.map { index -> Float in
          if hidden[index] { return 1e8 }
          let (dx, dy) = (centers[index].x - center.x, centers[index].y - center.y)
          return (dx * dx + dy * dy).squareRoot()
        }
        return torchTopK(distances, candidates, largest: false).map { range.lowerBound + $0 }
      }
      let overlaps =
        given.map { given in chosen.map { given[$0 * truths.count + truth] } }
        ?? BoxKernels.overlaps(calculator.prepared(boxes[chosen]), calculator.prepared(truths[[truth]]))
      let threshold = meanAndDeviation(overlaps)
      for (overlap, index) in zip(overlaps, chosen) where overlap >= threshold {
        let (x, y) = centers[index]
        let margin = min(min(x - box.x1, y - box.y1), min(box.x2 - x, box.y2 - y))
        // Of several objects the one that overlaps most, of equals the first.
        if margin > 0.01 && overlap > best[index] { (best[index], indices[index]) = (overlap, truth + 1) }
      }
    }
    return AssignResult(
      truthCount: truths.count, gtIndices: indices, maxOverlaps: best,
      labels: AssignResult.labels(indices, labels))
  }

  /// Mean plus (unbiased) standard deviation.
  private func meanAndDeviation(_ values: [Float]) -> Float {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return Float(mean) + Float((squares / Double(values.count - 1)).squareRoot())
  }
}

/// Indices of the `count` smallest values, smallest first; equal ones in order.
func smallestIndices(_ values: [Float], _ count: Int) -> [Int] {
  if values.isEmpty || count <= 0 { return [] }
  return withoutGradient {
    Tensor(values).topK(min(count, values.count), largest: false).indices.elements(as: Int64.self).map(
      Int.init)
  }
}
