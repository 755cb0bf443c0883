import Core
import OrderedCollections
import PyConfig

/// Evaluation of LVIS: mmdet's `LVISDataset.evaluate`, with its names, rounding and tables.
///
/// Gupta et al., 2019 (<https://arxiv.org/abs/1908.03195>): a class is measured only in pictures where it is known
/// whether it occurs, and what is found beyond the marked objects does not count where not all of them are marked.
public struct LVISMetrics: ConfigRecord, Sendable {
  public var metrics: [COCOMetrics.Metric] = [.bbox]
  /// Also prints the average precision of each class.
  public var isClasswise = false
  /// How many detections of a picture count for `proposal_fast`.
  public var proposalCounts = [100, 300, 1000]
  public var thresholds = (0..<10).map { 0.5 + Double($0) * 0.05 }

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    let metrics = try reader.value("metric", default: OneOrMany([COCOMetrics.Metric.bbox]))
    self.metrics = metrics.elements
    isClasswise = try reader.value("classwise", default: false)
    proposalCounts = try reader.value("proposal_nums", default: proposalCounts)
    guard !proposalCounts.isEmpty, proposalCounts.allSatisfy({ (1...1 << 30).contains($0) }) else {
      throw reader.invalid("must be positive numbers, found \(proposalCounts)", key: "proposal_nums")
    }
    thresholds = try reader.value("iou_thrs", default: thresholds)
    reader.ignore("jsonfile_prefix")
  }

  /// What LVIS knows of a picture beyond its objects, as labels.
  public struct Picture: Sendable {
    /// Classes that are known not to be there.
    public var absent: Set<Int>
    /// Classes of which not every object is marked.
    public var unexhaustive: Set<Int>

    public init(absent: Set<Int>, unexhaustive: Set<Int>) {
      (self.absent, self.unexhaustive) = (absent, unexhaustive)
    }
  }

  /// The best 300 detections of a picture count.
  static let limit = 300

  /// - Parameters:
  ///   - results: one a picture.
  ///   - pictures: one a picture.
  /// - Throws: `DataError` when results lack what is asked for, or outlines of objects are broken.
  public func callAsFunction(
    _ results: [Detections], _ truth: COCOGroundTruth, _ pictures: [Picture]
  ) throws -> EvaluationReport {
    guard results.count == truth.pictures.count, pictures.count == results.count else {
      throw DataError(
        "must have results for each of the \(truth.pictures.count) pictures, found \(results.count)")
    }
    var report = EvaluationReport()
    for metric in metrics {
      report.print("\nEvaluating \(metric.rawValue)...")
      if metric == .proposalFast {
        var fast = COCOMetrics()
        (fast.metrics, fast.proposalCounts, fast.thresholds) = ([.proposalFast], proposalCounts, thresholds)
        let part = try fast(results, truth)
        report.metrics.merge(part.metrics) { $1 }
        report.text += part.text
        continue
      }
      if metric == .segm, let index = results.firstIndex(where: { $0.masks == nil && $0.count > 0 }) {
        throw DataError("segm is not in results: the model gives no masks (picture \(truth.pictures[index]))")
      }
      guard results.contains(where: { $0.count > 0 }) else {
        report.print("The testing results of the whole dataset is empty.")
        break
      }
      let curves = try curves(metric, results, truth, pictures)
      let summary = LVISSummary(curves, truth)
      if metric == .proposal {
        for (name, value) in summary.results where name.hasPrefix("AR") {
          report.metrics[name] = .number(PythonText.rounded(value, 4))
        }
      } else {
        if isClasswise { report.print("\n" + classTable(curves, truth)) }
        let precisions = summary.results.filter { $0.key.hasPrefix("AP") }
        for (name, value) in precisions {
          report.metrics["\(metric.rawValue)_\(name)"] = .number(PythonText.rounded(value, 4))
        }
        report.metrics["\(metric.rawValue)_mAP_copypaste"] = .text(
          precisions.map { "\($0.key):\(PythonText.fixed($0.value, 4))" }.joined(separator: " "))
      }
      report.text += summary.text
    }
    return report
  }

  /// Upstream sets what makes `proposal` differ under names that lvis-api does not read: it is measured as `bbox`,
  /// by class and with 300 detections.
  private func curves(
    _ metric: COCOMetrics.Metric, _ results: [Detections], _ truth: COCOGroundTruth, _ pictures: [Picture]
  ) throws -> COCOCurves {
    var evaluation = COCOEvaluation(metric == .segm ? .mask : .box, categories: truth.categories.count)
    evaluation.maxDetections = [Self.limit]
    let (order, ranks) = (truth.order, truth.ranks)
    return try evaluation(pictures: order.count) { index in
      let picture = order[index]
      var truths = try truth.truths(picture, metric == .segm)
      let known = pictures[picture].absent.union(truths.map(\.category))
      for index in truths.indices {
        truths[index].category = ranks[truths[index].category]
        truths[index].isCrowd = false
      }
      let found = results[picture]
      let excused = Set(pictures[picture].unexhaustive.map { ranks[$0] })
      let measured = Set(known.map { ranks[$0] })
      var predictions = found.cocoPredictions(ranks: ranks, usesMasks: metric == .segm)
      if predictions.count > Self.limit {
        let best = COCOCurves.descending(predictions.map(\.score)).prefix(Self.limit)
        predictions = best.map { predictions[$0] }
      }
      predictions.removeAll { !measured.contains($0.category) }
      for index in predictions.indices {
        // Result files of masks hold boxes, too, and lvis-api takes areas from these.
        predictions[index].area = predictions[index].box.area
        predictions[index].isExcused = excused.contains(predictions[index].category)
      }
      return (truths, predictions)
    }
  }

  private func classTable(_ curves: COCOCurves, _ truth: COCOGroundTruth) -> String {
    AsciiTable.classes(
      truth.categories.enumerated().map { index, category in
        let mean = curves.mean(.precision, detections: Self.limit, categories: [index])
        return (category.name, mean == -1 ? "nan" : PythonText.fixed(mean, 3))
      })
  }
}
