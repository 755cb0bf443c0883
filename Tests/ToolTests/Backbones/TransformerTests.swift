import Core
import Foundation
import PyConfig
import TestSupport
import Testing
import ToolSupport

/// State, outputs and gradients of the transformers of all suites equal the originals' on weights of a formula; values:
/// Fixtures/transformers/make.py.
@Suite struct TransformerTests {
  struct Output: Decodable, Sendable {
    var shape: [Int]
    var norm: Double
    var values: [Double]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var suite, config: String
    var shape: [Int]
    var outputs: [Output]
    var state: [String]
    var gradients: [Double?]
    var testDescription: String { "\(suite) \(config)" }
  }

  static let cases: [Case] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = folder.appendingPathComponent("Fixtures/transformers/backbones.json")
    return (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: path))) ?? []
  }()

  static func backbone(_ suite: String, _ config: String) throws -> any Backbone {
    let root = try Config.parse(text: "x = \(config)", name: "c.py").root
    guard let node = root["x"] else { throw InvalidConfig("no value in \(config)") }
    let context = BuildContext(registries: allRegistries(), scope: suite)
    return try withoutInitialValues {
      try context.registries.backbones.build(node, path: "model.backbone", context: context)
    }
  }

  static func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test func `there are cases`() {
    #expect(Self.cases.count >= 20)
  }

  @Test(arguments: cases) func `outputs and gradients equal the original's`(_ golden: Case) throws {
    let model = try Self.backbone(golden.suite, golden.config)
    #expect(model.state.map { "\($0.key) \($0.value.value.shape)" } == golden.state)
    Formula.fill(model)
    model.train(false)
    let images = Formula.images(golden.shape, seed: 1000)
    for recorded in [false, true] {
      let outputs = recorded ? model(images) : withoutGradient { model(images) }
      #expect(outputs.map(\.shape) == golden.outputs.map(\.shape))
      for (output, expected) in zip(outputs, golden.outputs) {
        let values = output.detached().floats
        #expect(abs(Self.norm(values) - expected.norm) <= 1e-4 * expected.norm)
        let step = max(1, values.count / 16)
        let picked = stride(from: 0, to: values.count, by: step).prefix(16).map { values[$0] }
        let scale = expected.norm / Double(values.count).squareRoot()
        expectClose(Array(picked), expected.values, relative: 1e-3, absolute: 3e-4 * scale, golden.config)
      }
      guard recorded else { continue }
      let sums = outputs.enumerated().map { ($1 * Formula.images($1.shape, seed: 2000 + $0)).sum() }
      sums.dropFirst().reduce(sums[0]) { $0 + $1 }.backward()
      let parameters = model.namedParameters
      #expect(parameters.count == golden.gradients.count)
      let largest = golden.gradients.compactMap { $0 }.max() ?? 1
      for ((key, parameter), expected) in zip(parameters, golden.gradients) {
        #expect((parameter.gradient == nil) == (expected == nil), "\(key)")
        guard let gradient = parameter.gradient, let expected else { continue }
        expectClose(
          [Float(Self.norm(gradient.floats))], [expected], relative: 2e-3, absolute: 1e-5 * largest, "gradient of \(key)")
      }
    }
  }
}
