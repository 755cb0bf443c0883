import Core
import OrderedCollections

extension ClassificationMetrics {
  /// How well scores agree with what pictures show that have several labels each: `mAP`, `CP`, `CR`, `CF1`, `OP`, `OR`
  /// and `OF1`, in percent.
  ///
  /// Mirrors `evaluate` of mmcls's `MultiLabelDataset`, names and order of results included.
  ///
  /// - Parameters:
  ///   - scores: one row of `classes` values for each picture.
  ///   - targets: likewise, of 1 (shown), 0 (not shown) and -1 (hard to see).
  /// - Throws: `InvalidConfig` for metrics of one label a picture, and when scores and targets do not fit.
  public func callAsFunction(
    _ scores: [Float], classes: Int, targets: [Int8]
  ) throws -> OrderedDictionary<String, MetricValue> {
    if let other = metrics.first(where: { !$0.isMultiLabel }) {
      throw InvalidConfig(
        "metric '\(other.rawValue)' is for one label a picture; this data set has several, for which there are "
          + Metric.names(multiLabel: true))
    }
    guard classes > 0, scores.count == targets.count else {
      throw InvalidConfig(
        "the model's scores must be for the data set's classes, found \(scores.count) scores for \(targets.count) targets"
      )
    }
    var results: OrderedDictionary<String, MetricValue> = [:]
    if metrics.contains(.meanAveragePrecision) {
      results["mAP"] = .number(meanAveragePrecision(scores, classes: classes, targets: targets))
    }
    guard metrics.contains(where: { $0 != .meanAveragePrecision }) else { return results }
    let rule: AveragePerformance.Rule =
      if let threshold = options.threshold {
        .threshold(Float(threshold))
      } else if let k = options.highest {
        .top(k)
      } else {
        .threshold(0.5)
      }
    let table = AveragePerformance(scores, classes: classes, targets: targets, rule)
    for metric in Metric.allCases where metrics.contains(metric) {
      if let value = table[metric] { results[metric.rawValue] = .number(value) }
    }
    return results
  }
}

extension ClassificationMetrics.Metric {
  /// Whether it is a metric of data sets with several labels a picture.
  public var isMultiLabel: Bool {
    switch self {
    case .accuracy, .precision, .recall, .f1Score, .support: false
    case .meanAveragePrecision, .classPrecision, .classRecall, .classF1: true
    case .overallPrecision, .overallRecall, .overallF1: true
    }
  }

  static func names(multiLabel: Bool) -> String {
    allCases.filter { $0.isMultiLabel == multiLabel }.map(\.rawValue).joined(separator: ", ")
  }
}

extension AveragePerformance {
  fileprivate subscript(metric: ClassificationMetrics.Metric) -> Double? {
    switch metric {
    case .classPrecision: classPrecision
    case .classRecall: classRecall
    case .classF1: classF1
    case .overallPrecision: overallPrecision
    case .overallRecall: overallRecall
    case .overallF1: overallF1
    case .accuracy, .precision, .recall, .f1Score, .support, .meanAveragePrecision: nil
    }
  }
}
