import Core
import OrderedCollections
import PyConfig

/// Evaluation of a data set of COCO's form: mmdet's `CocoDataset.evaluate`, with its names, rounding and tables.
public struct COCOMetrics: ConfigRecord, Sendable {
  public enum Metric: String, Sendable, CaseIterable, ConfigDecodable {
    case bbox, segm, proposal
    case proposalFast = "proposal_fast"
  }

  public var metrics: [Metric] = [.bbox]
  /// Also prints the average precision of each class.
  public var isClasswise = false
  /// How many detections of a picture count.
  public var proposalCounts = [100, 300, 1000]
  /// `nil` for 0.5, 0.55, ..., 0.95.
  public var thresholds: [Double]?
  /// `metric_items`
  public var items: [String]?

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    let metrics = try reader.value("metric", default: OneOrMany([Metric.bbox]))
    self.metrics = metrics.elements
    isClasswise = try reader.value("classwise", default: false)
    proposalCounts = try reader.value("proposal_nums", default: [100, 300, 1000])
    guard proposalCounts.count >= 3, proposalCounts.allSatisfy({ (1...1 << 30).contains($0) }) else {
      throw reader.invalid(
        "must be at least three positive numbers, found \(proposalCounts)", key: "proposal_nums")
    }
    thresholds = try reader.optional("iou_thrs")
    if let thresholds {
      guard (1...64).contains(thresholds.count), thresholds.allSatisfy({ (0...1).contains($0) }) else {
        throw reader.invalid("must be 1...64 numbers in 0...1, found \(thresholds)", key: "iou_thrs")
      }
    }
    let items: OneOrMany<String>? = try reader.optional("metric_items")
    self.items = items?.elements
    if let other = self.items?.first(where: { !Self.names.contains($0) }) {
      throw reader.invalid(
        "must be of \(Self.names.joined(separator: ", ")), found '\(other)'", key: "metric_items")
    }
    // Where temporary files would go.
    reader.ignore("jsonfile_prefix")
  }

  /// The names of the twelve numbers.
  static let names = [
    "mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l", "AR@100", "AR@300", "AR@1000", "AR_s@1000",
    "AR_m@1000",
    "AR_l@1000",
  ]

  /// - Parameter results: one a picture of `truth`.
  /// - Throws: `DataError` when results lack what is asked for, or outlines of objects are broken.
  public func callAsFunction(_ results: [Detections], _ truth: COCOGroundTruth) throws -> EvaluationReport {
    guard results.count == truth.pictures.count else {
      throw DataError(
        "must have results for each of the \(truth.pictures.count) pictures, found \(results.count)")
    }
    var report = EvaluationReport()
    // As upstream has it, the first metric's items hold for those behind it, too.
    var items = items
    for metric in metrics {
      report.print("\nEvaluating \(metric.rawValue)...")
      if metric == .proposalFast {
        try addFastRecall(results, truth, &report)
        continue
      }
      if metric == .segm, let index = results.firstIndex(where: { $0.masks == nil && $0.count > 0 }) {
        throw DataError("segm is not in results: the model gives no masks (picture \(truth.pictures[index]))")
      }
      guard results.contains(where: { $0.count > 0 }) else {
        report.print("The testing results of the whole dataset is empty.")
        break
      }
      let curves = try curves(metric, results, truth)
      let summary = COCOSummary(curves, hasThresholds: thresholds == nil)
      report.print("\n" + summary.text)
      if isClasswise, metric != .proposal { report.print("\n" + classTable(curves, truth)) }
      let wanted = items ?? Array(metric == .proposal ? Self.names[6...] : Self.names[..<6])
      items = wanted
      for item in wanted {
        guard let position = Self.names.firstIndex(of: item) else { continue }
        let key = metric == .proposal ? item : "\(metric.rawValue)_\(item)"
        report.metrics[key] = .number(PythonText.rounded(summary.stats[position], 4))
      }
      if metric != .proposal {
        report.metrics["\(metric.rawValue)_mAP_copypaste"] = .text(
          summary.stats.prefix(6).map { PythonText.fixed($0, 4) }.joined(separator: " "))
      }
    }
    return report
  }

  private func curves(_ metric: Metric, _ results: [Detections], _ truth: COCOGroundTruth) throws
    -> COCOCurves
  {
    var evaluation = COCOEvaluation(metric == .segm ? .mask : .box, categories: truth.categories.count)
    evaluation.usesCategories = metric != .proposal
    evaluation.maxDetections = proposalCounts.sorted()
    if let thresholds { evaluation.thresholds = thresholds }
    let (order, ranks) = (truth.order, truth.ranks)
    return try evaluation(pictures: order.count) { index in
      let picture = order[index]
      var truths = try truth.truths(picture, metric == .segm)
      for index in truths.indices { truths[index].category = ranks[truths[index].category] }
      return (truths, results[picture].cocoPredictions(ranks: ranks, usesMasks: metric == .segm))
    }
  }

  private func addFastRecall(
    _ results: [Detections], _ truth: COCOGroundTruth, _ report: inout EvaluationReport
  ) throws {
    let thresholds = thresholds ?? COCOEvaluation.spaced(0.5, 0.95, 10)
    let truths = try concurrentMap(count: results.count) { try truth.proposalTruths($0) }
    let recalls = Recalls(proposalCounts: proposalCounts, thresholds: thresholds)(
      truths, results.map(\.asProposals))
    var message = ""
    for (count, row) in zip(proposalCounts, recalls) {
      let mean = NumPyMean.mean(row)
      report.metrics["AR@\(count)"] = .number(mean)
      message += "\nAR@\(count)\t\(PythonText.fixed(mean, 4))"
    }
    report.print(message)
  }

  /// The average precision of each class, three a row.
  private func classTable(_ curves: COCOCurves, _ truth: COCOGroundTruth) -> String {
    let limit = curves.settings.maxDetections[curves.settings.maxDetections.count - 1]
    let entries = truth.categories.enumerated().map { index, category in
      // Upstream takes classes in the file's order here, while the numbers are in the order of identifiers.
      let mean = curves.mean(.precision, detections: limit, categories: [index])
      return (category.name, mean == -1 ? "nan" : PythonText.fixed(mean, 3))
    }
    return AsciiTable.classes(entries)
  }
}

extension AsciiTable {
  /// Names and average precisions side by side, at most three pairs a row.
  static func classes(_ entries: [(String, String)]) -> String {
    let pairs = min(3, entries.count)
    guard pairs > 0 else { return AsciiTable(rows: [[]]).text }
    var rows = [[String]](repeating: [], count: 1)
    for _ in 0..<pairs { rows[0] += ["category", "AP"] }
    for start in stride(from: 0, to: entries.count, by: pairs) {
      rows.append(
        (start..<(start + pairs)).flatMap {
          $0 < entries.count ? [entries[$0].0, entries[$0].1] : ["None", "None"]
        })
    }
    return AsciiTable(rows: rows).text
  }
}

extension Detections {
  /// The boxes without regard to classes.
  var asProposals: Proposals { Proposals(boxes: boxes, scores: scores) }
}
