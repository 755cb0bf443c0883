import Core
import OrderedCollections
import Testing
import TestSupport

@testable import Seg

/// Scores, losses and gradients of decode heads equal mmseg's; values: Fixtures/seg-models/make.py.
@Suite struct DecodeHeadTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var config: String
    var shapes: [[Int]]
    var labels: [Int]
    var previous: [Int]?
    var classes: Int
    var state: [StateEntry]
    var scores: Described
    var losses: [NamedNumber]
    var gradients, inputs: [NamedNumber]
    var first: Described
    var testDescription: String { config }
  }

  static let cases: [Case] = (try? SegGolden.json("seg-models/heads.json")) ?? []

  static var testSettings: TestSettings {
    var settings = TestSettings()
    (settings.subdivisionSteps, settings.subdivisionPoints, settings.scale) = (2, 30, 2)
    return settings
  }

  @Test func `there are cases`() { #expect(Self.cases.count > 40) }

  @Test(arguments: cases) func `equals the original`(_ golden: Case) throws {
    let head = try decodeHead(golden.config)
    #expect(StateEntry.list(head) == golden.state)
    SegGolden.fill(head)
    head.train(false)
    var features = golden.shapes.enumerated().map { SegGolden.tensor($1, seed: 1000 + $0) }
    var previous = golden.previous.map { SegGolden.tensor($0, seed: 1500) }
    let scores = try withoutGradient { try head.predict(features, previous: previous, Self.testSettings) }
    golden.scores.expect(scores, "scores")

    head.train()
    features = features.map { $0.requiringGradient() }
    previous = previous?.requiringGradient()
    let labels = SegGolden.labels(golden.labels, classes: golden.classes)
    // Points are drawn at random; the script chooses them by a formula instead.
    let points = (SegGolden.tensor([2, 20, 2], seed: 1600) + 1) * 0.5
    let terms =
      try (head as? PointHead)?.losses(features, previous: previous, labels: labels, at: points)
      ?? head.losses(features, previous: previous, labels: labels, TrainSettings())
    let (total, log) = terms.total()
    #expect(Array(log.keys) == golden.losses.map(\.name) + ["loss"])
    for loss in golden.losses {
      expectClose([Float(log[loss.name] ?? .nan)], [loss.value], relative: 2e-4, absolute: 1e-5, loss.name)
    }
    total.backward()
    let parameters = head.namedParameters
    #expect(parameters.filter { $0.parameter.gradient != nil }.count == golden.gradients.count)
    expectGradients(parameters.map { ($0.key, $0.parameter.gradient) }, golden.gradients)
    let inputs =
      features.enumerated().map { ("features.\($0)", $1.gradient) } + [("previous", previous?.gradient)]
    expectGradients(inputs.map { (key: $0.0, gradient: $0.1) }, golden.inputs)
    let last = golden.inputs.last?.name
    golden.first.expect(
      try #require(inputs.first { $0.0 == last }?.1), relative: 5e-3, "gradient of \(last ?? "")")
  }
}
