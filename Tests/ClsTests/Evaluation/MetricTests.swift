import Core
import OrderedCollections
import PyConfig
import Testing

@testable import Cls
import TestSupport

/// Metrics equal those of mmcls's `evaluate` and `accuracy`; values: Fixtures/cls-metrics/make.py.
@Suite struct MetricTests {
  struct Fixture: Decodable, Sendable {
    struct Accuracy: Decodable, Sendable { var k: Int, threshold: Float, value: Float }
    struct Balanced: Decodable, Sendable { var threshold: Double, indices: [Int] }
    var labels: [Int]
    var logits, scores: [Float]
    var cases: [Case]
    var accuracies: [Accuracy]
    var balanced: [Balanced]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var metrics: [String]
    var options: String
    var names: [String]
    var values: [[Double]]
    var testDescription: String { "\(metrics) \(options)" }
  }

  static let fixture: Fixture? = try? Golden.json("cls-metrics/cases.json")

  static func metrics(_ names: [String], _ options: String) throws -> ClassificationMetrics {
    let config = try node(options)
    return ClassificationMetrics(
      names.compactMap { ClassificationMetrics.Metric(rawValue: $0) },
      config.isNone
        ? .init() : try ClassificationMetrics.Options(from: config, at: "evaluation.metric_options"))
  }

  @Test(arguments: fixture?.cases ?? []) func `equals the original`(_ c: Case) throws {
    let fixture = try #require(Self.fixture)
    let results = try Self.metrics(c.metrics, c.options)(fixture.scores, classes: 6, labels: fixture.labels)
    #expect(Array(results.keys) == c.names)
    for (name, expected) in zip(c.names, c.values) {
      switch results[name] {
      case .number(let value): expectClose([Float(value)], expected, relative: 1e-7, absolute: 0, name)
      case .perClass(let values):
        expectClose(values.map { Float($0) }, expected, relative: 1e-7, absolute: 0, name)
      case nil: Issue.record("no \(name)")
      }
    }
  }

  @Test func `training's accuracy counts scores above 0 only`() throws {
    let fixture = try #require(Self.fixture)
    #expect(fixture.accuracies.count == 12)
    let logits = Tensor(fixture.logits, shape: [23, 6])
    let labels = Tensor(fixture.labels.map(Int64.init))
    for golden in fixture.accuracies {
      #expect(accuracy(logits, labels, topK: [golden.k], threshold: golden.threshold) == [golden.value])
      if golden.threshold == 0 { #expect(accuracy(logits, labels, topK: [golden.k]) == [golden.value]) }
    }
  }

  @Test func `scores that are no numbers are never right`() {
    #expect(accuracy([.nan, 0.5, 0.2], classes: 3, [1], topK: [1, 2]) == [0, 100])
    #expect(accuracy([.nan, 0.5, 0.2], classes: 3, [0], topK: [1, 3]) == [0, 0])
  }

  @Test func `equal scores go to the lower class`() {
    #expect(accuracy([0.5, 0.5], classes: 2, [0], topK: [1]) == [100])
    #expect(accuracy([0.5, 0.5], classes: 2, [1], topK: [1]) == [0])
  }

  static let errors: [(String, String)] = [
    ("dict(topk=0)", "evaluation.metric_options.topk: must be positive, found [0]"),
    ("dict(thrs=())", "evaluation.metric_options.thrs: must not be empty"),
    (
      "dict(average_mode='marco')",
      "evaluation.metric_options.average_mode: must be one of macro, none, found 'marco'; did you mean 'macro'?"
    ),
    (
      "dict(topks=1)",
      "c.py:1: evaluation.metric_options: unknown key 'topks'; did you mean 'topk'? accepted keys: average_mode, k, thr, thrs, topk"
    ),
  ]

  @Test(arguments: errors) func `a wrong option is named`(_ options: String, _ expected: String) {
    let message = errorText { _ = try Self.metrics(["accuracy"], options) }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func `more places than classes are an error with a hint`() throws {
    let message = errorText {
      _ = try Self.metrics(["accuracy"], "None")([0.1, 0.9], classes: 2, labels: [1])
    }
    #expect(
      message
        == "metric_options.topk: at most the number of classes (2), found 5; set metric_options=dict(topk=(1, )) in the config's evaluation"
    )
  }

  @Test func `parts of a concatenation are measured for themselves`() throws {
    let folder = try TemporaryFolder(texts: ["a.txt": "x 0\ny 1\n", "b.txt": "z 1\n"])
    func part(_ name: String) -> String {
      "dict(type='CustomDataset', data_prefix='', ann_file='\(folder.path)/\(name).txt', classes=['p', 'q'])"
    }
    let scores = ClassificationTest.Scores(values: [0.9, 0.1, 0.8, 0.2, 0.3, 0.7], classes: 2)
    let metrics = try Self.metrics(["accuracy"], "dict(topk=1)")
    let apart = try ClassificationTest.evaluate(scores, dataset("[\(part("a")), \(part("b"))]"), metrics)
    #expect(apart == ["0_accuracy": .number(50), "1_accuracy": .number(100)])
    let together = try ClassificationTest.evaluate(
      scores,
      dataset("dict(type='ConcatDataset', datasets=[\(part("a")), \(part("b"))], separate_eval=False)"),
      metrics)
    guard case .number(let value)? = together["accuracy"] else {
      Issue.record("\(together)")
      return
    }
    #expect(abs(value - 200.0 / 3) < 1e-4)
  }

  @Test func `rare classes repeat as in the original`() throws {
    let fixture = try #require(Self.fixture)
    #expect(fixture.balanced.count == 5)
    let lines = fixture.labels.enumerated().map { "i\($0) \($1)\n" }.joined()
    let folder = try TemporaryFolder(texts: ["list.txt": lines])
    for golden in fixture.balanced {
      let balanced = try dataset(
        """
        dict(type='ClassBalancedDataset', oversample_thr=\(golden.threshold),
             dataset=dict(type='CustomDataset', data_prefix='', ann_file='\(folder.path)/list.txt'))
        """.replacing("\n", with: " "))
      var generator = RandomGenerator(seed: 0)
      let names = try (0..<balanced.count).map {
        try balanced.sample(at: $0, using: &generator)?.file?.name ?? ""
      }
      #expect(names == golden.indices.map { "i\($0)" })
      #expect((0..<balanced.count).map(balanced.categories) == golden.indices.map { [fixture.labels[$0]] })
    }
  }
}
