import Core

/// Precision, recall and F1 of predictions of several classes a picture, in percent: the mean over the classes (`C`) and
/// of all predictions together (`O`).
///
/// Mirrors mmcls's `average_performance`.
public struct AveragePerformance: Sendable, Equatable {
  public var classPrecision, classRecall, classF1: Double
  public var overallPrecision, overallRecall, overallF1: Double

  /// Which classes of a picture count as predicted.
  public enum Rule: Sendable, Equatable {
    /// Those whose score is at least this.
    case threshold(Float)
    /// So many with the highest scores.
    case top(Int)
  }

  /// - Parameters:
  ///   - scores: one row of `classes` values for each picture.
  ///   - targets: likewise, of 1, 0 and -1, which counts as 0.
  public init(_ scores: [Float], classes: Int, targets: [Int8], _ rule: Rule) {
    precondition(
      classes > 0 && scores.count == targets.count && scores.count % classes == 0,
      "AveragePerformance: a target for each score, found \(targets.count) for \(scores.count)")
    var (hits, predicted, actual) = (
      [Int](repeating: 0, count: classes), [Int](repeating: 0, count: classes),
      [Int](repeating: 0, count: classes)
    )
    func count(_ c: Int, _ target: Int8) {
      predicted[c] += 1
      if target == 1 { hits[c] += 1 }
    }
    for start in stride(from: 0, to: scores.count, by: classes) {
      for c in 0..<classes where targets[start + c] == 1 { actual[c] += 1 }
      switch rule {
      case .threshold(let threshold):
        for c in 0..<classes where scores[start + c] >= threshold { count(c, targets[start + c]) }
      case .top(let k):
        // Equal scores: the lower class first.
        let order = (0..<classes).sorted {
          let (a, b) = (scores[start + $0], scores[start + $1])
          return a != b ? a > b : $0 < $1
        }
        for c in order.prefix(k) { count(c, targets[start + c]) }
      }
    }
    let epsilon = Double(Float.ulpOfOne)
    func ratio(_ a: Int, _ b: Int) -> Double { Double(a) / max(Double(b), epsilon) }
    func f1(_ precision: Double, _ recall: Double) -> Double {
      2 * precision * recall / max(precision + recall, epsilon)
    }
    let (hitSum, predictedSum, actualSum) = (hits.reduce(0, +), predicted.reduce(0, +), actual.reduce(0, +))
    classPrecision = (0..<classes).reduce(0) { $0 + ratio(hits[$1], predicted[$1]) } / Double(classes) * 100
    classRecall = (0..<classes).reduce(0) { $0 + ratio(hits[$1], actual[$1]) } / Double(classes) * 100
    classF1 = f1(classPrecision, classRecall)
    overallPrecision = ratio(hitSum, predictedSum) * 100
    overallRecall = ratio(hitSum, actualSum) * 100
    overallF1 = f1(overallPrecision, overallRecall)
  }
}
