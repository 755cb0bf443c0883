import Core
import OrderedCollections
import Testing

@testable import Seg

/// Metrics and tables equal mmseg's; values: Fixtures/seg-metrics/make.py.
@Suite struct MetricTests {
  struct Case: Decodable, Sendable {
    var classes, metrics, lines, names: [String]
    var ignore: Int
    var predictions, labels: [[UInt8]]
    var values: [Double?]
    var extra: [String: [Double]]
  }

  static let cases: [Case] = (try? DataGolden.json("seg-metrics/cases.json")) ?? []

  private func counts(_ c: Case) -> SegmentationCounts {
    var counts = SegmentationCounts(classes: c.classes.count)
    for (prediction, labels) in zip(c.predictions, c.labels) {
      counts.add(prediction: prediction, labels: labels, ignoreIndex: c.ignore)
    }
    return counts
  }

  @Test func `there are cases`() { #expect(Self.cases.count == 5) }

  @Test(arguments: cases.indices) func `numbers, names and tables are the original's`(_ index: Int) throws {
    let c = Self.cases[index]
    let metrics = SegmentationMetrics(c.metrics.compactMap(SegmentationMetrics.Metric.init))
    let values = metrics(counts(c))
    let results = values.results(c.classes)
    #expect(Array(results.keys) == c.names)
    for ((name, value), expected) in zip(results, c.values) {
      if let expected {
        #expect(abs(value - expected) < 1e-12, "\(name)")
      } else {
        #expect(value.isNaN, "\(name)")
      }
    }
    #expect(values.report(c.classes) == c.lines)
  }

  @Test(arguments: cases.indices) func `a stand-in for NaN and a weight of recall`(_ index: Int) throws {
    let c = Self.cases[index]
    var options = SegmentationMetrics.Options()
    (options.nanReplacement, options.beta) = (-1, 2)
    let values = SegmentationMetrics(c.metrics.compactMap(SegmentationMetrics.Metric.init), options)(
      counts(c))
    #expect(abs(values.accuracy - (c.extra["aAcc"]?.first ?? .nan)) < 1e-12)
    #expect(values.perClass.count == c.extra.count - 1)
    for (name, found) in values.perClass {
      let expected = try #require(c.extra[name])
      for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-6, "\(name)") }
    }
  }

  @Test func `counts add up`() {
    guard let c = Self.cases.first else { return }
    var sum = SegmentationCounts(classes: c.classes.count)
    for (prediction, labels) in zip(c.predictions, c.labels) {
      var one = SegmentationCounts(classes: c.classes.count)
      one.add(prediction: prediction, labels: labels, ignoreIndex: c.ignore)
      sum += one
    }
    #expect(sum == counts(c))
  }
}
