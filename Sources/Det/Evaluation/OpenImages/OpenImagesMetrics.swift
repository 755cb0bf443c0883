import Core
import OrderedCollections
import PyConfig

/// Evaluation of Open Images: mmdet's `OpenImagesDataset.evaluate`.
///
/// Kuznetsova et al., 2018 (<https://arxiv.org/abs/1811.00982>): boxes count for all superclasses of their class;
/// classes that a picture was not checked for are left out; boxes around groups are found by any detection inside of
/// them.
public struct OpenImagesMetrics: ConfigRecord, Sendable {
  /// Overlaps with objects, and parts of detections that must be inside of groups; as many as there are of the
  /// former.
  public var thresholds = [0.5], groupThresholds = [0.5]
  /// `denorm_gt_bbox`: whether annotations are in shares of the picture's sides.
  public var areBoxesRelative = true
  /// `use_group_of`
  public var knowsGroups = true

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    let metrics = try reader.value("metric", default: OneOrMany(["mAP"])).elements
    guard metrics == ["mAP"] else { throw reader.invalid("must be 'mAP', found \(metrics)", key: "metric") }
    thresholds = try reader.value("iou_thr", default: OneOrMany([0.5])).elements
    knowsGroups = try reader.value("use_group_of", default: true)
    let isGiven = reader.has("ioa_thr")
    let groups: OneOrMany<Double>? = try reader.optional("ioa_thr")
    if isGiven, groups == nil, knowsGroups {
      throw reader.invalid("must be a number where use_group_of is True, found None", key: "ioa_thr")
    }
    // Without groups the number has no part in this.
    groupThresholds = groups?.elements ?? [Double](repeating: 0.5, count: isGiven ? thresholds.count : 1)
    for (key, values) in [("iou_thr", thresholds), ("ioa_thr", groupThresholds)] {
      guard !values.isEmpty, values.allSatisfy({ (0...1).contains($0) }) else {
        throw reader.invalid("must be in 0...1, found \(values)", key: key)
      }
    }
    guard thresholds.count == groupThresholds.count else {
      throw reader.invalid(
        "must be as many as iou_thr (\(thresholds.count)), found \(groupThresholds.count)", key: "ioa_thr")
    }
    areBoxesRelative = try reader.value("denorm_gt_bbox", default: true)
    if let ranges = reader.node("scale_ranges"), !ranges.isNone {
      throw reader.invalid(
        "must be None: results by scale have no mean, which upstream fails on, too", key: "scale_ranges")
    }
  }

  /// What the data set knows beyond boxes.
  public struct Knowledge: Sendable {
    /// For each class the classes that its boxes count for, itself among them, ascending.
    public var superclasses: [[Int]]
    /// `get_supercategory`
    public var usesSuperclasses = true
    /// `filter_labels`: whether detections of classes that a picture was not checked for are left out.
    public var filtersLabels = true
    /// The classes that each picture was checked for beyond those of its boxes.
    public var imageLabels: [[Int]]?

    public init(superclasses: [[Int]]) { self.superclasses = superclasses }
  }

  /// - Parameters:
  ///   - results: one a picture.
  ///   - truths: one a picture, boxes in pixels.
  ///   - classNames: by label.
  public func callAsFunction(
    _ results: [Detections], _ truths: [MeanAveragePrecision.Truth], classNames: [String],
    _ knowledge: Knowledge
  ) throws -> EvaluationReport {
    guard results.count == truths.count, (knowledge.imageLabels?.count ?? truths.count) == truths.count else {
      throw DataError("must have results for each of the \(truths.count) pictures, found \(results.count)")
    }
    let truths = knowledge.usesSuperclasses ? truths.map(knowledge.adding) : truths
    let results = results.indices.map { index in
      knowledge.adding(
        results[index], allowed: Set(truths[index].labels).union(knowledge.imageLabels?[index] ?? []))
    }
    var report = EvaluationReport()
    var means: [Double] = []
    for (threshold, groupThreshold) in zip(thresholds, groupThresholds) {
      let rule = String(repeating: "-", count: 15)
      report.print(
        "\n\(rule)iou_thr, ioa_thr: \(PythonText.repr(threshold)), \(PythonText.repr(groupThreshold))\(rule)")
      var evaluation = MeanAveragePrecision(threshold: Float(threshold))
      if knowsGroups { evaluation.rules = .openImages(groupOverlap: Float(groupThreshold)) }
      let (mean, classes) = evaluation(results, truths, classes: classNames.count)
      report.print("\n" + MeanAveragePrecision.table(mean, classes, classNames))
      means.append(mean)
      report.metrics[MeanAveragePrecision.name(threshold)] = .number(PythonText.rounded(mean, 3))
    }
    report.metrics["mAP"] = .number(means.reduce(0, +) / Double(means.count))
    return report
  }
}

extension OpenImagesMetrics.Knowledge {
  private func superclasses(of label: Int) -> [Int] {
    superclasses.indices.contains(label) ? superclasses[label] : [label]
  }

  /// A picture's objects, each also as one of every superclass.
  func adding(_ truth: MeanAveragePrecision.Truth) -> MeanAveragePrecision.Truth {
    var result = truth
    (result.boxes, result.labels, result.isGroup) = (Boxes(), [], truth.isGroup == nil ? nil : [])
    for (index, label) in truth.labels.enumerated() {
      for other in superclasses(of: label) {
        result.boxes.append(truth.boxes[index])
        result.labels.append(other)
        if let isGroup = truth.isGroup { result.isGroup?.append(isGroup[index]) }
      }
    }
    return result
  }

  /// A picture's detections, those of each class behind those of its subclasses' that it also is; classes that are
  /// not `allowed` are left out.
  func adding(_ found: Detections, allowed: Set<Int>) -> Detections {
    var positions: [(label: Int, position: Int)] = []
    let byLabel = Dictionary(grouping: found.labels.indices) { found.labels[$0] }
    for (label, own) in byLabel where allowed.contains(label) || !filtersLabels {
      positions += own.map { (label, $0) }
    }
    if usesSuperclasses {
      for label in byLabel.keys.sorted() {
        for other in superclasses(of: label) where other != label && allowed.contains(other) {
          positions += (byLabel[label] ?? []).map { (other, $0) }
        }
      }
    }
    var result = Detections(
      boxes: found.boxes[positions.map(\.position)], scores: positions.map { found.scores[$0.position] },
      labels: positions.map(\.label))
    result.masks = nil
    return result
  }
}
