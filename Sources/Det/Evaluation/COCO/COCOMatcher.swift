/// Matches what was found in one picture with what is there, class by class.
struct COCOMatcher: Sendable {
  /// One class in one picture. Sets of thresholds are bits.
  struct Group: Sendable {
    var category: Int
    /// The detections that count, best first.
    var scores: [Double] = []
    /// For each area range and detection the thresholds at which it matches an object.
    var matched: [[UInt64]] = []
    /// For each area range and detection the thresholds at which it does not count.
    var ignored: [[UInt64]] = []
    /// For each area range the objects that count.
    var truths: [Int] = []
  }

  let settings: COCOEvaluation
  private let limits: [Double]

  init(_ settings: COCOEvaluation) {
    self.settings = settings
    limits = settings.thresholds.map { min($0, 1 - 1e-10) }
  }

  /// Adds the classes of a picture to `groups`.
  func match(
    _ truths: [COCOEvaluation.Truth], _ predictions: [COCOEvaluation.Prediction], into groups: inout [Group]
  ) {
    let known = 0..<settings.categories
    let truthOrder = order(truths.indices.filter { known.contains(truths[$0].category) }) {
      truths[$0].category
    }
    let found = order(predictions.indices.filter { known.contains(predictions[$0].category) }) {
      predictions[$0].category
    }
    guard settings.usesCategories else {
      if !truthOrder.isEmpty || !found.isEmpty {
        groups.append(group(0, truthOrder.map { truths[$0] }, found.map { predictions[$0] }))
      }
      return
    }
    var (t, p) = (0, 0)
    while t < truthOrder.count || p < found.count {
      let category = min(
        t < truthOrder.count ? truths[truthOrder[t]].category : .max,
        p < found.count ? predictions[found[p]].category : .max)
      let (firstTruth, firstFound) = (t, p)
      while t < truthOrder.count, truths[truthOrder[t]].category == category { t += 1 }
      while p < found.count, predictions[found[p]].category == category { p += 1 }
      groups.append(
        group(
          category, truthOrder[firstTruth..<t].map { truths[$0] },
          found[firstFound..<p].map { predictions[$0] }))
    }
  }

  /// Positions by class, those of a class in their order.
  private func order(_ positions: [Int], _ category: (Int) -> Int) -> [Int] {
    positions.map { (category($0), $0) }.sorted { $0 < $1 }.map(\.1)
  }

  private func group(
    _ category: Int, _ truths: [COCOEvaluation.Truth], _ predictions: [COCOEvaluation.Prediction]
  ) -> Group {
    let limit = settings.maxDetections[settings.maxDetections.count - 1]
    let best = COCOCurves.descending(predictions.map(\.score)).prefix(limit)
    let found = best.map { predictions[$0] }
    var group = Group(category: category)
    group.scores = found.map(\.score)
    let overlaps = overlaps(found, truths)
    for area in settings.areas {
      let isIgnored = truths.map { $0.isIgnored || $0.area < area.low || $0.area > area.high }
      // Objects that count are tried first.
      let order = truths.indices.filter { !isIgnored[$0] } + truths.indices.filter { isIgnored[$0] }
      group.truths.append(isIgnored.count { !$0 })
      var matched = [UInt64](repeating: 0, count: found.count)
      var ignored = matched
      var taken = [Bool](repeating: false, count: truths.count)
      for (bit, limit) in limits.enumerated() where !truths.isEmpty {
        for index in taken.indices { taken[index] = false }
        for (index, row) in stride(from: 0, to: overlaps.count, by: truths.count).enumerated() {
          let match = bestMatch(limit, overlaps, row, order, isIgnored, taken, truths)
          guard match >= 0 else { continue }
          taken[match] = true
          if isIgnored[match] { ignored[index] |= 1 << UInt64(bit) }
          if truths[match].id != 0 { matched[index] |= 1 << UInt64(bit) }
        }
      }
      for (index, prediction) in found.enumerated()
      where prediction.isExcused || prediction.area < area.low || prediction.area > area.high {
        ignored[index] |= ~matched[index]
      }
      group.matched.append(matched)
      group.ignored.append(ignored)
    }
    return group
  }

  /// The object that a detection overlaps most and at least by `limit`; the last of equals. -1 for none.
  @inline(__always)
  private func bestMatch(
    _ limit: Double, _ overlaps: [Double], _ row: Int, _ order: [Int], _ isIgnored: [Bool], _ taken: [Bool],
    _ truths: [COCOEvaluation.Truth]
  ) -> Int {
    var (best, match) = (limit, -1)
    for index in order {
      if taken[index], !truths[index].isCrowd { continue }
      // An object that counts is not given up for one that does not.
      if match >= 0, !isIgnored[match], isIgnored[index] { break }
      if overlaps[row + index] < best { continue }
      (best, match) = (overlaps[row + index], index)
    }
    return match
  }

  /// `[detections, objects]`
  private func overlaps(_ found: [COCOEvaluation.Prediction], _ truths: [COCOEvaluation.Truth]) -> [Double] {
    var overlaps = [Double](repeating: 0, count: found.count * truths.count)
    guard !overlaps.isEmpty else { return overlaps }
    if settings.shape == .box {
      for (row, prediction) in found.enumerated() {
        for (column, truth) in truths.enumerated() {
          overlaps[row * truths.count + column] = prediction.box.overlap(truth.box, isCrowd: truth.isCrowd)
        }
      }
      return overlaps
    }
    let truthBoxes = truths.map { $0.mask?.cocoBox }
    for (row, prediction) in found.enumerated() {
      guard let mask = prediction.mask else { continue }
      let box = mask.cocoBox
      for (column, truth) in truths.enumerated() {
        // Masks are compared pixel by pixel only where their boxes meet.
        guard let other = truth.mask, let otherBox = truthBoxes[column],
          box.overlap(otherBox, isCrowd: truth.isCrowd) > 0
        else { continue }
        overlaps[row * truths.count + column] = mask.pixelOverlap(other, isCrowd: truth.isCrowd)
      }
    }
    return overlaps
  }
}
