import Core
import Seg
import Testing
import TestSupport

/// What a case of a neck or a backbone holds.
struct NetworkCase: Decodable, Sendable, CustomTestStringConvertible {
  var config: String
  var shapes: [[Int]]
  var state: [StateEntry]
  var outputs, trained: [Described]
  var gradients, inputs: [NamedNumber]
  var testDescription: String { config }

  /// Holds a network against the original: state dict, outputs, and gradients of one pass in training.
  func check(_ network: Module, _ run: ([Tensor]) throws -> [Tensor], relative: Double = 3e-3) throws {
    #expect(StateEntry.list(network) == state)
    SegGolden.fill(network)
    let features = shapes.enumerated().map { SegGolden.tensor($1, seed: 1000 + $0) }
    network.train(false)
    for recorded in [false, true] {
      // Without a graph layers run fused, with one they do not.
      let found = recorded ? try run(features) : try withoutGradient { try run(features) }
      #expect(found.count == outputs.count)
      for (index, (output, expected)) in zip(found, outputs).enumerated() {
        expected.expect(output, "output \(index)")
      }
    }
    network.train()
    let inputs = features.map { $0.requiringGradient() }
    let found = try run(inputs)
    var total: Tensor?
    for (index, (output, expected)) in zip(found, trained).enumerated() {
      expected.expect(output, relative: relative, "output \(index) in training")
      let part = (output * SegGolden.tensor(output.shape, seed: 900 + index)).sum()
      total = total.map { $0 + part } ?? part
    }
    try #require(total).backward()
    let parameters = network.namedParameters
    #expect(parameters.filter { $0.parameter.gradient != nil }.count == gradients.count)
    expectGradients(parameters.map { ($0.key, $0.parameter.gradient) }, gradients, relative: relative)
    expectGradients(
      inputs.enumerated().map { ("\($0)", $1.gradient) }, self.inputs, relative: relative, "input")
  }
}

/// Necks equal mmseg's; values: Fixtures/seg-models/make.py.
@Suite struct SegmentationNeckTests {
  static let cases: [NetworkCase] = (try? SegGolden.json("seg-models/necks.json")) ?? []

  static func neck(_ config: String) throws -> any Neck {
    let context = segmentationContext()
    return try context.registries.necks.build(segNode(config), path: "model.neck", context: context)
  }

  @Test func `there are cases`() { #expect(Self.cases.count >= 10) }

  @Test(arguments: cases) func `equals the original`(_ golden: NetworkCase) throws {
    let neck = try Self.neck(golden.config)
    try golden.check(neck) { neck($0) }
  }
}
