import Core

/// A `nms` config: which boxes go because a better one of their class overlaps them.
///
/// Mirrors mmcv's `nms`, `soft_nms` and `batched_nms`.
public struct Suppression: Sendable, ConfigRecord {
  public enum Method: Sendable, Equatable {
    /// Boxes that a kept one overlaps by more than the threshold go.
    case hard
    /// Scores shrink with the overlap (Bodla et al., 2017, <https://arxiv.org/abs/1704.04503>); boxes below `least` go.
    case soft(SoftDecay, sigma: Float, least: Float)
  }

  /// How soft suppression lowers a score.
  public enum SoftDecay: String, Sendable, CaseIterable, ConfigDecodable {
    case naive, linear, gaussian
  }

  public var method = Method.hard
  public var threshold: Float
  /// Added to sides, 0 or 1.
  public var offset: Float = 0
  /// Boxes with scores up to this go first, where positive.
  public var scoreThreshold: Float = 0
  /// How many boxes may stay; all where not positive.
  public var limit = -1
  /// From so many boxes on each class is worked on alone.
  public var splitThreshold = 10000
  /// Whether boxes of different classes suppress each other.
  public var ignoresClasses = false

  public init(threshold: Float) { self.threshold = threshold }

  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type", default: "nms")
    splitThreshold = try reader.value("split_thr", default: 10000)
    ignoresClasses = try reader.value("class_agnostic", default: false)
    // The original still takes the older name.
    let key = reader.has("iou_thr") ? "iou_thr" : "iou_threshold"
    switch type {
    case "nms":
      threshold = try reader.value(key)
      scoreThreshold = try reader.value("score_threshold", default: 0)
      limit = try reader.value("max_num", default: -1)
    case "soft_nms":
      threshold = try reader.value(key, default: 0.3)
      let decay: SoftDecay = try reader.value("method", default: .linear)
      method = .soft(
        decay, sigma: try reader.value("sigma", default: 0.5),
        least: try reader.value("min_score", default: 1e-3))
    default:
      throw BuildError(
        .unknownName(type, role: "suppression", known: ["nms", "soft_nms"]), path: reader.path("type"),
        location: reader.location)
    }
    offset = try reader.value("offset", default: 0)
    guard offset == 0 || offset == 1 else {
      throw reader.invalid("must be 0 or 1, found \(offset)", key: "offset")
    }
  }

  /// Boxes that stay, best first, with their (perhaps lowered) scores.
  ///
  /// Boxes of different `groups` (classes, levels) are moved apart before; boxes with scores that are no numbers count
  /// as best, as in the original.
  public func callAsFunction(_ boxes: Boxes, _ scores: [Float], groups: [Int]) -> (
    kept: [Int], scores: [Float]
  ) {
    if boxes.isEmpty { return ([], []) }
    let apart = ignoresClasses ? boxes : Self.movedApart(boxes, groups)
    if boxes.count < splitThreshold { return suppress(apart, scores, limit: limit) }
    var byGroup: [Int: [Int]] = [:]
    for (index, group) in groups.enumerated() { byGroup[group, default: []].append(index) }
    var lowered = [Float?](repeating: nil, count: boxes.count)
    for members in byGroup.values {
      let (kept, keptScores) = suppress(apart[members], members.map { scores[$0] }, limit: -1)
      for (index, score) in zip(kept, keptScores) { lowered[members[index]] = score }
    }
    let kept = lowered.indices.filter { lowered[$0] != nil }
    let keptScores = kept.map { lowered[$0] ?? 0 }
    var order = descendingOrder(keptScores)
    if limit > 0 { order = Array(order.prefix(limit)) }
    return (order.map { kept[$0] }, order.map { keptScores[$0] })
  }

  /// Boxes of one group that stay, best first.
  func suppress(_ boxes: Boxes, _ scores: [Float], limit: Int) -> (kept: [Int], scores: [Float]) {
    if case .soft(let decay, let sigma, let least) = method {
      return SoftSuppression(decay: decay, sigma: sigma, least: least, threshold: threshold, offset: offset)
        .suppress(boxes, scores)
    }
    var candidates = Array(scores.indices)
    if scoreThreshold > 0 { candidates = candidates.filter { scores[$0] > scoreThreshold } }
    let order = descendingOrder(candidates.map { scores[$0] }).map { candidates[$0] }
    let keep = BoxKernels.suppress(boxes[order].values, threshold: threshold, offset: offset)
    var kept = zip(order, keep).compactMap { $1 ? $0 : nil }
    if limit > 0 { kept = Array(kept.prefix(limit)) }
    return (kept, kept.map { scores[$0] })
  }

  /// Each group moved by the largest coordinate of all and one more, times its number.
  private static func movedApart(_ boxes: Boxes, _ groups: [Int]) -> Boxes {
    let step = (boxes.values.max() ?? 0) + 1
    var values = boxes.values
    for index in boxes.indices {
      let shift = Float(groups[index]) * step
      for side in 0..<4 { values[4 * index + side] += shift }
    }
    return Boxes(values)
  }
}

/// Indices from the largest value to the smallest; equal ones stay in order, what is no number comes first.
func descendingOrder(_ values: [Float]) -> [Int] {
  if values.isEmpty { return [] }
  return Tensor(values).argsorted(descending: true).elements(as: Int64.self).map(Int.init)
}

/// Indices of the `count` largest values in that order.
func topIndices(_ values: [Float], _ count: Int) -> [Int] {
  if values.isEmpty || count <= 0 { return [] }
  return withoutGradient {
    Tensor(values).topK(min(count, values.count)).indices.elements(as: Int64.self).map(Int.init)
  }
}
