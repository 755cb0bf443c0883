import Core

/// Precision and recall over all pictures, for every setting of ``COCOEvaluation``; -1 where there is nothing to
/// find.
public struct COCOCurves: Sendable {
  public let settings: COCOEvaluation
  /// `[classes, areas, detections, thresholds, recalls]`
  let precision: [Double]
  /// `[classes, areas, detections, thresholds]`
  let recall: [Double]
  /// How many classes the arrays have.
  let classes: Int

  /// - Parameter groups: for each class its detections, picture by picture.
  init(_ settings: COCOEvaluation, _ groups: [[COCOMatcher.Group]]) {
    self.settings = settings
    classes = groups.count
    let curves = concurrentMap(count: groups.count) { Self.curves(settings, groups[$0]) }
    precision = curves.flatMap(\.precision)
    recall = curves.flatMap(\.recall)
  }

  private static func curves(
    _ settings: COCOEvaluation, _ groups: [COCOMatcher.Group]
  ) -> (precision: [Double], recall: [Double]) {
    let (areas, limits) = (settings.areas.count, settings.maxDetections)
    let cells = areas * limits.count * settings.thresholds.count
    var precision = [Double](repeating: -1, count: cells * settings.recalls.count)
    var recall = [Double](repeating: -1, count: cells)
    var (scores, ranks): ([Double], [Int]) = ([], [])
    for group in groups {
      scores += group.scores
      ranks += group.scores.indices
    }
    let order = descending(scores)
    var (hits, precisions): ([Int], [Double]) = ([], [])
    for area in 0..<areas {
      let truths = groups.reduce(0) { $0 + $1.truths[area] }
      guard truths > 0 else { continue }
      let matched = groups.flatMap { $0.matched[area] }
      let ignored = groups.flatMap { $0.ignored[area] }
      for (limitIndex, limit) in limits.enumerated() {
        for threshold in settings.thresholds.indices {
          let bit = UInt64(1) << UInt64(threshold)
          hits.removeAll(keepingCapacity: true)
          precisions.removeAll(keepingCapacity: true)
          var (truePositives, falsePositives) = (0, 0)
          // Those that do not count change neither curve.
          for index in order where ranks[index] < limit && ignored[index] & bit == 0 {
            if matched[index] & bit != 0 { truePositives += 1 } else { falsePositives += 1 }
            let positives = Double(truePositives) + Double(falsePositives)
            hits.append(truePositives)
            precisions.append(Double(truePositives) / (positives + Double.ulpOfOne))
          }
          let cell = (area * limits.count + limitIndex) * settings.thresholds.count + threshold
          recall[cell] = Double(truePositives) / Double(truths)
          for index in stride(from: precisions.count - 1, to: 0, by: -1) {
            precisions[index - 1] = max(precisions[index - 1], precisions[index])
          }
          var index = 0
          for (position, level) in settings.recalls.enumerated() {
            while index < hits.count, Double(hits[index]) / Double(truths) < level { index += 1 }
            precision[cell * settings.recalls.count + position] = index < hits.count ? precisions[index] : 0
          }
        }
      }
    }
    return (precision, recall)
  }

  /// Positions by score, the highest first, equal ones in their order; what is not a number comes last.
  static func descending(_ scores: [Double]) -> [Int] {
    let keys = scores.map { $0.isNaN ? -.infinity : $0 }
    return keys.indices.sorted { keys[$0] > keys[$1] || (keys[$0] == keys[$1] && $0 < $1) }
  }

  // MARK: Means

  /// The mean precision over the recall levels, or the mean recall, and over classes and thresholds; -1 where there
  /// is nothing.
  ///
  /// - Parameters:
  ///   - threshold: one of the thresholds; all of them unless given.
  ///   - detections: one of the numbers of detections, by value.
  ///   - categories: positions of the classes; all unless given.
  public func mean(
    _ measure: Measure, threshold: Double? = nil, area: String = "all", detections: Int,
    categories: [Int]? = nil
  ) -> Double {
    guard let areaIndex = settings.areas.firstIndex(where: { $0.name == area }) else { return -1 }
    let limits = settings.maxDetections.indices.filter { settings.maxDetections[$0] == detections }
    let thresholds = settings.thresholds.indices.filter {
      threshold == nil || settings.thresholds[$0] == threshold
    }
    let levels = measure == .precision ? settings.recalls.count : 1
    let values = measure == .precision ? precision : recall
    var found: [Double] = []
    for t in thresholds {
      for level in 0..<levels {
        for k in categories ?? Array(0..<classes) {
          for limit in limits {
            let cell =
              ((k * settings.areas.count + areaIndex) * settings.maxDetections.count + limit)
              * settings.thresholds.count + t
            let value = values[cell * levels + level]
            if value > -1 { found.append(value) }
          }
        }
      }
    }
    return found.isEmpty ? -1 : NumPyMean.mean(found)
  }

  public enum Measure: Sendable { case precision, recall }
}
