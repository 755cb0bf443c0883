import Core
import Det
import OrderedCollections
import PyConfig
import Testing

@Suite("Metrics of data sets")
struct MetricsTests {
  let golden: MetricsGolden

  init() throws { golden = try MetricsGolden.shared.get() }

  func settings<Settings: ConfigRecord>(_ text: String) throws -> Settings {
    guard let node = try Config.parse(text: "x = dict(\(text))", name: "c.py").root["x"] else {
      throw InvalidConfig("no value in \(text)")
    }
    return try Settings(from: node, at: "evaluation")
  }

  func expect(_ report: EvaluationReport, _ expected: MetricsGolden.Case?, _ name: String) throws {
    let expected = try #require(expected, "\(name)")
    #expect(report.metrics.count == expected.metrics.count, "\(name)")
    for ((key, value), pair) in zip(report.metrics, expected.metrics) {
      guard case .text(let expectedKey) = pair[0] else { continue }
      #expect(key == expectedKey, "\(name)")
      switch (value, pair[1]) {
      case (.number(let found), .number(let wanted)):
        #expect(
          found == wanted || abs(found - wanted) < 1e-7 || found.isNaN && wanted.isNaN, "\(name): \(key)")
      case (.text(let found), .text(let wanted)): #expect(found == wanted, "\(name): \(key)")
      default: Issue.record("\(name): \(key) is of another kind")
      }
    }
    let lines = report.text.split(separator: "\n").map { line in
      var line = String(line)
      while line.last == " " { line.removeLast() }
      return line
    }
    #expect(lines == expected.lines, "\(name)")
  }

  @Test(
    "of COCO are mmdet's: names, order, rounding, tables",
    arguments: [
      ("bbox", "metric='bbox', classwise=True"), ("bbox and segm", "metric=['bbox', 'segm']"),
      ("proposal", "metric=['proposal']"),
      ("bbox and proposal", "metric=['bbox', 'proposal'], proposal_nums=(5, 2, 1000)"),
      ("thresholds", "iou_thrs=[0.5, 0.7]"), ("items", "metric_items=['mAP_50', 'AR@1000']"),
      ("proposal_fast", "metric='proposal_fast', proposal_nums=(1, 3, 100)"),
    ])
  func coco(name: String, text: String) throws {
    let metrics: COCOMetrics = try settings(text)
    let report = try metrics(golden.detections(withMasks: name.contains("segm")), golden.groundTruth())
    try expect(report, golden.coco[name], name)
  }

  @Test("of nothing found at all are none")
  func nothing() throws {
    let report = try COCOMetrics()(golden.pictures.map { _ in Detections() }, golden.groundTruth())
    try expect(report, golden.coco["nothing"], "nothing")
  }

  @Test(
    "of LVIS are mmdet's and lvis-api's",
    arguments: [
      ("bbox", "metric='bbox', classwise=True"), ("segm", "metric='segm'"), ("proposal", "metric='proposal'"),
    ])
  func lvis(name: String, text: String) throws {
    let metrics: LVISMetrics = try settings(text)
    let pictures = golden.pictures.map {
      LVISMetrics.Picture(absent: Set($0.absent), unexhaustive: Set($0.unexhaustive))
    }
    let report = try metrics(
      golden.detections(withMasks: name == "segm"), golden.groundTruth(hasCrowds: false), pictures)
    try expect(report, golden.lvis[name], name)
  }

  @Test(
    "of VOC and of mmdet's own format are mmdet's",
    arguments: [
      ("2007", ""), ("2012", "iou_thr=[0.3, 0.55, 0.7]"), ("custom", "metric=['mAP'], iou_thr=0.4"),
      ("recall", "metric='recall', proposal_nums=(1, 4, 100), iou_thr=[0.5, 0.7]"),
      ("recall 2012", "metric='recall', proposal_nums=(2, 100)"),
    ])
  func voc(name: String, text: String) throws {
    let metrics: VOCMetrics = try settings(text)
    let kind: VOCMetrics.Kind = name == "2007" ? .voc2007 : name.contains("2012") ? .voc2012 : .custom
    let report = try metrics(
      golden.detections(), golden.truths(hasGroups: false), classNames: golden.names, kind)
    try expect(report, golden.voc[name], name)
  }

  @Test(
    "of Open Images are mmdet's",
    arguments: [
      ("groups", ""), ("no groups", "use_group_of=False, ioa_thr=None"),
      ("thresholds", "iou_thr=[0.3, 0.6], ioa_thr=[0.7, 0.4]"),
    ])
  func openImages(name: String, text: String) throws {
    let metrics: OpenImagesMetrics = try settings(text)
    var knowledge = OpenImagesMetrics.Knowledge(superclasses: [[0], [1], [0, 2], [0, 2, 3]])
    knowledge.imageLabels = golden.pictures.map(\.imageLabels)
    let report = try metrics(
      golden.detections(), golden.truths(hasGroups: true), classNames: golden.names, knowledge)
    let expected = try #require(golden.openimages[name])
    // Without groups the original writes None for their threshold.
    let lines = expected.lines.map { $0.replacing("0.5, None", with: "0.5, 0.5") }
    try expect(report, MetricsGolden.Case(metrics: expected.metrics, lines: lines), name)
  }
}
