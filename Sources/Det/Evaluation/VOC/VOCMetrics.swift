import Core
import OrderedCollections
import PyConfig

/// Evaluation of PASCAL VOC, WIDER FACE and data sets in mmdet's own format: `VOCDataset.evaluate`,
/// `CustomDataset.evaluate`.
public struct VOCMetrics: ConfigRecord, Sendable {
  public enum Metric: String, Sendable, CaseIterable, ConfigDecodable {
    case mAP, recall
  }

  /// What data sets of this kind differ in.
  public struct Kind: Sendable {
    /// Whether boxes include the pixels at their right and bottom edges: XML data sets.
    public var includesEdges: Bool
    /// Whether the average precision is that of VOC 2007.
    public var mode: AveragePrecisionMode
    /// Whether `mAP` comes before the single thresholds.
    public var putsMeanFirst: Bool

    public static let custom = Kind(includesEdges: false, mode: .area, putsMeanFirst: false)
    public static let voc2007 = Kind(includesEdges: true, mode: .elevenPoints, putsMeanFirst: true)
    public static let voc2012 = Kind(includesEdges: true, mode: .area, putsMeanFirst: true)
  }

  public var metric = Metric.mAP
  public var proposalCounts = [100, 300, 1000]
  public var thresholds = OneOrMany([0.5], wasList: false)

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    let metrics = try reader.value("metric", default: OneOrMany([Metric.mAP], wasList: false))
    guard metrics.elements.count == 1 else {
      throw reader.invalid("must be one metric, found \(metrics.elements.map(\.rawValue))", key: "metric")
    }
    metric = metrics.elements[0]
    proposalCounts = try reader.value("proposal_nums", default: proposalCounts)
    guard !proposalCounts.isEmpty, proposalCounts.allSatisfy({ (1...1 << 30).contains($0) }) else {
      throw reader.invalid("must be positive numbers, found \(proposalCounts)", key: "proposal_nums")
    }
    thresholds = try reader.value("iou_thr", default: OneOrMany([0.5], wasList: false))
    guard !thresholds.elements.isEmpty, thresholds.elements.allSatisfy({ (0...1).contains($0) }) else {
      throw reader.invalid("must be in 0...1, found \(thresholds.elements)", key: "iou_thr")
    }
    if let ranges = reader.node("scale_ranges"), !ranges.isNone {
      throw reader.invalid(
        "must be None: results by scale have no mean, which upstream fails on, too", key: "scale_ranges")
    }
  }

  /// - Parameters:
  ///   - results: one a picture.
  ///   - truths: one a picture.
  ///   - classNames: by label.
  public func callAsFunction(
    _ results: [Detections], _ truths: [MeanAveragePrecision.Truth], classNames: [String], _ kind: Kind
  ) throws -> EvaluationReport {
    guard results.count == truths.count else {
      throw DataError("must have results for each of the \(truths.count) pictures, found \(results.count)")
    }
    var report = EvaluationReport()
    switch metric {
    case .mAP: addPrecision(results, truths, classNames, kind, &report)
    case .recall: addRecalls(results, truths, kind, &report)
    }
    return report
  }

  private func addPrecision(
    _ results: [Detections], _ truths: [MeanAveragePrecision.Truth], _ classNames: [String], _ kind: Kind,
    _ report: inout EvaluationReport
  ) {
    if kind.putsMeanFirst { report.metrics["mAP"] = .number(0) }
    var means: [Double] = []
    for threshold in thresholds.elements {
      let rule = String(repeating: "-", count: 15)
      report.print("\n\(rule)iou_thr: \(PythonText.repr(threshold))\(rule)")
      var evaluation = MeanAveragePrecision(threshold: Float(threshold))
      (evaluation.mode, evaluation.includesEdges) = (kind.mode, kind.includesEdges)
      let (mean, classes) = evaluation(results, truths, classes: classNames.count)
      report.print("\n" + MeanAveragePrecision.table(mean, classes, classNames))
      means.append(mean)
      report.metrics[MeanAveragePrecision.name(threshold)] = .number(PythonText.rounded(mean, 3))
    }
    report.metrics["mAP"] = .number(means.reduce(0, +) / Double(means.count))
  }

  private func addRecalls(
    _ results: [Detections], _ truths: [MeanAveragePrecision.Truth], _ kind: Kind,
    _ report: inout EvaluationReport
  ) {
    var evaluation = Recalls(proposalCounts: proposalCounts, thresholds: thresholds.elements)
    evaluation.includesEdges = kind.includesEdges
    let recalls = evaluation(truths.map(\.boxes), results.map(\.asProposals))
    var rows = [[""] + thresholds.elements.map(PythonText.repr)]
    for (count, row) in zip(proposalCounts, recalls) {
      rows.append(["\(count)"] + row.map { PythonText.fixed($0, 3) })
      for (threshold, value) in zip(thresholds.elements, row) {
        report.metrics["recall@\(count)@\(PythonText.repr(threshold))"] = .number(value)
      }
    }
    report.print("\n" + AsciiTable(rows: rows).text)
    guard thresholds.elements.count > 1 else { return }
    for (count, row) in zip(proposalCounts, recalls) {
      report.metrics["AR@\(count)"] = .number(NumPyMean.mean(row))
    }
  }
}

extension MeanAveragePrecision {
  /// `AP50` for 0.5.
  static func name(_ threshold: Double) -> String {
    let percent = "\(Int(threshold * 100))"
    return "AP" + (percent.count < 2 ? "0" + percent : percent)
  }

  /// Objects, detections, recall and average precision of each class.
  static func table(_ mean: Double, _ classes: [ClassResult], _ names: [String]) -> String {
    var rows = [["class", "gts", "dets", "recall", "ap"]]
    for (name, result) in zip(names, classes) {
      rows.append([
        name, "\(result.truths)", "\(result.detections)",
        PythonText.fixed(Double(Float(result.recalls.last ?? 0)), 3),
        PythonText.fixed(Double(result.averagePrecision), 3),
      ])
    }
    rows.append(["mAP", "", "", "", PythonText.fixed(mean, 3)])
    return AsciiTable(rows: rows, hasFooter: true).text
  }
}
