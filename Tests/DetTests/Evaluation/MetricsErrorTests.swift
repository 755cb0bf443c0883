import Core
import Det
import PyConfig
import Testing

@Suite("Settings and results that cannot be measured")
struct MetricsErrorTests {
  func message<Settings: ConfigRecord>(_ type: Settings.Type, _ text: String) throws -> String {
    let node = try #require(try Config.parse(text: "x = dict(\(text))", name: "c.py").root["x"])
    do {
      _ = try Settings(from: node, at: "evaluation")
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test("of COCO are told")
  func coco() throws {
    #expect(
      try message(COCOMetrics.self, "metric='box'").contains(
        "must be one of bbox, segm, proposal, proposal_fast"))
    #expect(
      try message(COCOMetrics.self, "proposal_nums=(1, 2)")
        .contains("must be at least three positive numbers, found [1, 2]"))
    #expect(
      try message(COCOMetrics.self, "iou_thrs=[1.5]").contains("must be 1...64 numbers in 0...1, found [1.5]")
    )
    #expect(try message(COCOMetrics.self, "metric_items=['map']").contains("found 'map'"))
    #expect(try message(COCOMetrics.self, "class_wise=True").contains("class_wise"))
  }

  @Test("of VOC and Open Images are told")
  func voc() throws {
    #expect(try message(VOCMetrics.self, "metric=['mAP', 'recall']").contains("must be one metric"))
    #expect(try message(VOCMetrics.self, "iou_thr=[]").contains("must be in 0...1, found []"))
    #expect(try message(VOCMetrics.self, "scale_ranges=[(0, 9)]").contains("must be None"))
    #expect(
      try message(OpenImagesMetrics.self, "iou_thr=[0.5, 0.6]").contains(
        "must be as many as iou_thr (2), found 1"))
    #expect(
      try message(OpenImagesMetrics.self, "ioa_thr=None").contains(
        "must be a number where use_group_of is True"))
    #expect(try message(OpenImagesMetrics.self, "metric='bbox'").contains("must be 'mAP', found"))
  }

  @Test("of too few pictures and without masks are told")
  func results() throws {
    let golden = try MetricsGolden.shared.get()
    #expect(throws: DataError("must have results for each of the 6 pictures, found 0")) {
      try COCOMetrics()([], golden.groundTruth())
    }
    var metrics = COCOMetrics()
    metrics.metrics = [.segm]
    #expect(throws: DataError("segm is not in results: the model gives no masks (picture 60)")) {
      try metrics(golden.detections(), golden.groundTruth())
    }
  }
}
