import Core
import Det
import OrderedCollections
import Testing

@Suite("Panoptic quality")
struct PanopticTests {
  struct Golden: Decodable {
    struct Segment: Decodable {
      var id: UInt32
      var category_id: Int
      var area, iscrowd: Int?
    }
    struct Picture: Decodable {
      var truth, found: [UInt32]
      var truths, predictions: [Segment]
    }
    var height, width: Int
    var names: [String]
    var things: [Int]
    var pictures: [Picture]
    var metrics: [[MetricsGolden.Value]]
    var lines: [String]
  }

  func segments(_ golden: [Golden.Segment]) -> [PanopticQuality.Segment] {
    golden.map { .init(id: $0.id, category: $0.category_id, area: $0.area ?? 0, isCrowd: $0.iscrowd == 1) }
  }

  @Test("is panopticapi's, its table mmdet's")
  func quality() throws {
    let golden = try EvaluationGolden.json("det-panoptic/cases.json", as: Golden.self)
    let maps = golden.pictures.map { picture in
      (
        truth: PanopticQuality.Map(
          height: golden.height, width: golden.width, ids: picture.truth, segments: segments(picture.truths)),
        prediction: PanopticQuality.Map(
          height: golden.height, width: golden.width, ids: picture.found,
          segments: segments(picture.predictions))
      )
    }
    let counts = try PanopticQuality(categories: 5)(pictures: maps.count) { maps[$0] }
    var metrics = PanopticMetrics(
      categories: zip(golden.names, golden.things).map { .init(name: $0, isThing: $1 == 1) })
    metrics.isClasswise = true
    let report = metrics.report(counts)
    #expect(report.text.split(separator: "\n").map(String.init) == golden.lines)
    for pair in golden.metrics {
      guard case .text(let key) = pair[0], case .number(let value) = pair[1] else { continue }
      let found = try #require(report.metrics[key]?.double)
      #expect(abs(found - value) < 1e-9, "\(key)")
    }
    #expect(report.metrics.count == 10)
    #expect(counts[4].pairs + counts[4].surplus + counts[4].missed == 0)
  }

  func error(_ truth: PanopticQuality.Map, _ prediction: PanopticQuality.Map) -> String {
    do {
      _ = try PanopticQuality(categories: 2)(pictures: 1) { _ in (truth, prediction) }
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test("of maps that cannot be is an error")
  func broken() {
    func map(_ ids: [UInt32], _ segments: [PanopticQuality.Segment], width: Int = 2) -> PanopticQuality.Map {
      PanopticQuality.Map(height: 1, width: width, ids: ids, segments: segments)
    }
    let good = map([1, 1], [.init(id: 1, category: 0, area: 2)])
    #expect(
      error(good, map([1], [.init(id: 1, category: 0)], width: 1)).contains(
        "must have one size, found 1x2 and 1x1"))
    #expect(
      error(good, map([1, 9], [.init(id: 1, category: 0)])).contains(
        "region 9 is not among the map's regions"))
    let two = map([1, 1], [.init(id: 1, category: 0), .init(id: 2, category: 1)])
    #expect(error(good, two).contains("region 2 has no pixels"))
    #expect(error(good, map([1, 1], [.init(id: 1, category: 2)])).contains("must be in 0..<2, found 2"))
  }
}
