import Core
import Foundation
import OrderedCollections
import PyConfig

/// The result of a metric: a number, or one for each class.
public enum MetricValue: Sendable, Equatable {
  case number(Double)
  case perClass([Double])
}

/// How well scores agree with labels: `accuracy`, `precision`, `recall`, `f1_score` (percent) and `support` (a count).
///
/// Mirrors `evaluate` of mmcls's single-label data sets, names of results included.
public struct ClassificationMetrics: Sendable {
  public enum Metric: String, Sendable, CaseIterable, ConfigDecodable {
    case accuracy, precision, recall
    case f1Score = "f1_score"
    case support
    // With several labels a picture.
    case meanAveragePrecision = "mAP"
    case classPrecision = "CP"
    case classRecall = "CR"
    case classF1 = "CF1"
    case overallPrecision = "OP"
    case overallRecall = "OR"
    case overallF1 = "OF1"
  }

  public enum AverageMode: String, Sendable, CaseIterable, ConfigDecodable {
    case macro, none
  }

  /// `metric_options`
  public struct Options: ConfigRecord, Sendable {
    public var topK = OneOrMany([1, 5])
    /// Scores must be above these to count as positive; several thresholds add `_thr_0.50` to names.
    public var thresholds: OneOrMany<Double>?
    public var averageMode = AverageMode.macro
    /// With several labels a picture: the score from which on a class counts as predicted.
    public var threshold: Double?
    /// With several labels a picture: how many classes with the highest scores count, where there is no threshold.
    public var highest: Int?

    public init() {}

    public init(from reader: inout ConfigReader) throws {
      topK = try reader.value("topk", default: OneOrMany([1, 5]))
      guard topK.elements.allSatisfy({ $0 > 0 }), !topK.elements.isEmpty else {
        throw reader.invalid("must be positive, found \(topK.elements)", key: "topk")
      }
      thresholds = try reader.optional("thrs")
      guard thresholds?.elements.isEmpty != true else {
        throw reader.invalid("must not be empty", key: "thrs")
      }
      averageMode = try reader.value("average_mode", default: .macro)
      threshold = try reader.optional("thr")
      highest = try reader.optional("k")
      if let highest, highest <= 0 { throw reader.invalid("must be positive, found \(highest)", key: "k") }
    }
  }

  public var metrics: [Metric]
  public var options: Options

  public init(_ metrics: [Metric], _ options: Options = Options()) {
    (self.metrics, self.options) = (metrics, options)
  }

  /// - Parameters:
  ///   - scores: one row of `classes` values for each image.
  ///   - labels: one for each image.
  /// - Returns: results under the original's names, in its order.
  /// - Throws: `InvalidConfig` when a metric or an option does not fit the data.
  public func callAsFunction(
    _ scores: [Float], classes: Int, labels: [Int]
  ) throws -> OrderedDictionary<String, MetricValue> {
    if let other = metrics.first(where: \.isMultiLabel) {
      throw InvalidConfig(
        "metric '\(other.rawValue)' is for several labels a picture; this data set has one, for which there are "
          + Metric.names(multiLabel: false))
    }
    var results: OrderedDictionary<String, MetricValue> = [:]
    if metrics.contains(.accuracy) { try addAccuracy(scores, classes, labels, &results) }
    if metrics.contains(.support) {
      var counts = [Double](repeating: 0, count: classes)
      for label in labels where counts.indices.contains(label) { counts[label] += 1 }
      results["support"] = options.averageMode == .macro ? .number(counts.reduce(0, +)) : .perClass(counts)
    }
    let wanted = [Metric.precision, .recall, .f1Score].filter(metrics.contains)
    guard !wanted.isEmpty else { return results }
    let tables = thresholds(default: 0).map { PrecisionRecall(scores, classes, labels, threshold: Float($0)) }
    for metric in wanted {
      for (threshold, table) in zip(thresholds(default: 0), tables) {
        let values = table[metric]
        results[name(metric.rawValue, threshold)] =
          options.averageMode == .macro
          ? .number(values.reduce(0, +) / Double(max(1, classes))) : .perClass(values)
      }
    }
    return results
  }

  private func addAccuracy(
    _ scores: [Float], _ classes: Int, _ labels: [Int],
    _ results: inout OrderedDictionary<String, MetricValue>
  ) throws {
    let topK = options.topK.elements
    if let largest = topK.max(), largest > classes {
      throw InvalidConfig(
        "metric_options.topk: at most the number of classes (\(classes)), found \(largest); "
          + "set metric_options=dict(topk=(1, )) in the config's evaluation")
    }
    let byThreshold = thresholds(default: 0).map {
      accuracy(scores, classes: classes, labels, topK: topK, threshold: Float($0))
    }
    for (index, k) in topK.enumerated() {
      for (threshold, values) in zip(thresholds(default: 0), byThreshold) {
        let key = options.topK.wasList ? "accuracy_top-\(k)" : "accuracy"
        results[name(key, threshold)] = .number(Double(values[index]))
      }
    }
  }

  private func thresholds(default standard: Double) -> [Double] { options.thresholds?.elements ?? [standard] }

  private func name(_ key: String, _ threshold: Double) -> String {
    guard options.thresholds?.wasList == true else { return key }
    return key + String(format: "_thr_%.2f", threshold)
  }
}

/// Precision, recall and F1 of each class, in percent.
private struct PrecisionRecall {
  private var precision, recall, f1: [Double]

  init(_ scores: [Float], _ classes: Int, _ labels: [Int], threshold: Float) {
    var (hits, predicted, actual) = (
      [Double](repeating: 0, count: classes), [Double](repeating: 0, count: classes),
      [Double](repeating: 0, count: classes)
    )
    for (row, label) in labels.enumerated() where (0..<classes).contains(label) {
      actual[label] += 1
      var best = 0
      for c in 1..<max(1, classes) where scores[row * classes + c] > scores[row * classes + best] { best = c }
      guard scores[row * classes + best] > threshold else { continue }
      predicted[best] += 1
      if best == label { hits[label] += 1 }
    }
    precision = (0..<classes).map { hits[$0] / max(predicted[$0], 1) * 100 }
    recall = (0..<classes).map { hits[$0] / max(actual[$0], 1) * 100 }
    f1 = zip(precision, recall).map { 2 * $0 * $1 / max($0 + $1, Double(Float.ulpOfOne)) }
  }

  subscript(metric: ClassificationMetrics.Metric) -> [Double] {
    switch metric {
    case .precision: precision
    case .recall: recall
    case .f1Score: f1
    default: []
    }
  }
}
