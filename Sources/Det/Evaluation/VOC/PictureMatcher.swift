/// The detections and objects of one class in one picture.
struct PictureMatcher {
  let settings: MeanAveragePrecision
  let boxes: Boxes
  let scores: [Float]
  /// Those that count, then those that do not.
  let truths: Boxes
  let counted: Int
  /// Of those that count.
  let isGroup: [Bool]?

  private var extra: Float { settings.includesEdges ? 1 : 0 }
  private var order: [Int] { COCOCurves.descending(scores.map { Double($0) }) }

  /// Adds what the detections are.
  func match(into marks: inout [MeanAveragePrecision.Mark]) {
    guard !truths.isEmpty else {
      marks += scores.map { MeanAveragePrecision.Mark(score: $0, kind: .miss) }
      return
    }
    switch settings.rules {
    case .voc: append(matched(truths), &marks)
    case .openImages(let groupOverlap):
      guard let isGroup else {
        append(matched(truths), &marks)
        return
      }
      matchGroups(isGroup, groupOverlap, &marks)
    }
  }

  private func append(_ kinds: [MeanAveragePrecision.Mark.Kind], _ marks: inout [MeanAveragePrecision.Mark]) {
    for (score, kind) in zip(scores, kinds) { marks.append(.init(score: score, kind: kind)) }
  }

  /// Each detection goes to the object that it overlaps most, the first of equals.
  private func matched(_ truths: Boxes) -> [MeanAveragePrecision.Mark.Kind] {
    var kinds = [MeanAveragePrecision.Mark.Kind](repeating: .miss, count: scores.count)
    guard !truths.isEmpty else { return kinds }
    let overlaps = BoxOverlaps.matrix(boxes, truths, extra: extra)
    var taken = [Bool](repeating: false, count: truths.count)
    for index in order {
      let row = index * truths.count
      var best = 0
      for column in 1..<max(truths.count, 1) where overlaps[row + column] > overlaps[row + best] {
        best = column
      }
      guard overlaps[row + best] >= settings.threshold else { continue }
      if best >= counted {
        kinds[index] = .ignored
      } else if !taken[best] {
        taken[best] = true
        kinds[index] = .hit
      }
    }
    return kinds
  }

  /// First the single objects; then detections that are no hits may belong to groups, of which each gives one
  /// detection: its best, a hit, or none, a miss with score 0.
  private func matchGroups(
    _ isGroup: [Bool], _ groupOverlap: Float, _ marks: inout [MeanAveragePrecision.Mark]
  ) {
    let groups = truths[isGroup.indices.filter { isGroup[$0] }]
    let kinds = matched(truths[isGroup.indices.filter { !isGroup[$0] }])
    guard !groups.isEmpty else {
      append(kinds, &marks)
      return
    }
    let overlaps = BoxOverlaps.matrix(boxes, groups, .first)
    var isInGroup = [Bool](repeating: false, count: scores.count)
    var bestScores = [Float](repeating: 0, count: groups.count)
    var isFound = [Bool](repeating: false, count: groups.count)
    for index in order where kinds[index] != .hit {
      let row = index * groups.count
      var best = 0
      for column in 1..<max(groups.count, 1) where overlaps[row + column] > overlaps[row + best] {
        best = column
      }
      guard overlaps[row + best] >= groupOverlap else { continue }
      isInGroup[index] = true
      isFound[best] = true
      bestScores[best] = max(bestScores[best], scores[index])
    }
    for (index, kind) in kinds.enumerated() where !isInGroup[index] {
      marks.append(.init(score: scores[index], kind: kind))
    }
    for index in groups.indices {
      marks.append(.init(score: bestScores[index], kind: isFound[index] ? .hit : .miss))
    }
  }
}
