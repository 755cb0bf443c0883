import Cls
import Core
import OrderedCollections
import Testing

@Suite struct MultiLabelMetricTests {
  private func close(_ a: MetricValue?, _ b: Double) -> Bool {
    guard case .number(let value)? = a else { return false }
    return abs(value - b) <= 1e-9 * max(1, abs(b))
  }

  @Test func `metrics are the original's`() throws {
    let golden = try MultiLabelCases.load().metrics
    let names = ["CP", "CR", "CF1", "OP", "OR", "OF1"]
    for item in golden.performance {
      let options = try ClassificationMetrics.Options(
        from: MultiLabelCases.node(item.options), at: "metric_options")
      let metrics = ClassificationMetrics(
        [
          .overallF1, .classPrecision, .classRecall, .classF1, .overallPrecision, .overallRecall,
          .meanAveragePrecision,
        ],
        options)
      let results = try metrics(golden.scores, classes: 5, targets: golden.targets)
      #expect(Array(results.keys) == ["mAP"] + names)
      #expect(close(results["mAP"], golden.mAP))
      for (name, value) in zip(names, item.values) {
        #expect(close(results[name], value), "\(item.options) \(name)")
      }
    }
  }

  @Test func `only what was asked for is computed`() throws {
    let metrics = ClassificationMetrics([.overallRecall])
    let results = try metrics([0.5, 0.4], classes: 2, targets: [1, 1])
    #expect(results == ["OR": .number(50)])
  }

  @Test func `metrics of the other kind are refused by name`() {
    #expect {
      try ClassificationMetrics([.accuracy])([0.5], classes: 1, targets: [1])
    } throws: { "\($0)".contains("metric 'accuracy' is for one label a picture") && "\($0)".contains("mAP") }
    #expect {
      try ClassificationMetrics([.meanAveragePrecision])([0.5], classes: 1, labels: [0])
    } throws: { "\($0)".contains("metric 'mAP' is for several labels a picture") }
    #expect(throws: InvalidConfig.self) {
      try ClassificationMetrics([.meanAveragePrecision])([0.5], classes: 1, targets: [1, 0])
    }
  }
}
