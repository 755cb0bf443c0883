import Cls
import Core
import OrderedCollections
import PyConfig
import Testing
import TestSupport

/// Outputs, losses and gradients equal mmcls's on weights of a formula; values: Fixtures/cls-backbones/make.py.
@Suite struct BackboneForwardTests {
  struct Fixture: Decodable, Sendable {
    var outputs: [Forward]
    var trained: [Training]
  }

  struct Output: Decodable, Sendable {
    var shape: [Int]
    var norm: Double
    var values: [Double]
  }

  struct Forward: Decodable, Sendable, CustomTestStringConvertible {
    var config: String
    var shape: [Int]
    var outputs: [Output]
    var testDescription: String { config }
  }

  struct Step: Decodable, Sendable {
    var log: [String: Double]
    var samples, count: Int
    var norms: [Double]
  }

  struct Training: Decodable, Sendable, CustomTestStringConvertible {
    var config: String
    var shape: [Int]
    var labels: [Int64]
    var steps: [Step]
    var scores: [Double]
    var testDescription: String { config }
  }

  static let fixture: Fixture? = try? Golden.json("cls-backbones/models.json")

  static func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test func `there are cases`() {
    #expect(Self.fixture?.outputs.count ?? 0 > 12)
    #expect(Self.fixture?.trained.count ?? 0 > 4)
  }

  @Test(arguments: fixture?.outputs ?? []) func `features equal the original's`(_ golden: Forward) throws {
    let model = try backbone(golden.config)
    Golden.fill(model)
    model.train(false)
    let images = Golden.images(golden.shape, seed: 1000)
    for recorded in [false, true] {
      // Without a graph layers run fused, with one they do not.
      let outputs = recorded ? model(images) : withoutGradient { model(images) }
      #expect(outputs.map(\.shape) == golden.outputs.map(\.shape))
      for (output, expected) in zip(outputs, golden.outputs) {
        let values = output.detached().floats
        #expect(abs(Self.norm(values) - expected.norm) <= 1e-4 * expected.norm)
        let step = max(1, values.count / 24)
        let picked = stride(from: 0, to: values.count, by: step).prefix(24).map { values[$0] }
        let scale = expected.norm / Double(values.count).squareRoot()
        expectClose(Array(picked), expected.values, relative: 1e-3, absolute: 3e-4 * scale, golden.config)
      }
      if !model.outputs.isEmpty {
        #expect(model.outputs.map(\.channels) == golden.outputs.map { $0.shape[1] })
      }
    }
  }

  @Test(arguments: fixture?.trained ?? []) func `two steps of training go as the original's`(
    _ golden: Training
  ) throws {
    let model = try classifier(golden.config)
    Golden.fill(model)
    let batch = ClassificationBatch(
      images: Golden.images(golden.shape, seed: 2000), target: .labels(Tensor(golden.labels)))
    // Batch statistics of a few pixels amplify rounding twentyfold a step, and one rectifier at zero may fall on either side:
    // moving the images by 1e-6 changes the original's own numbers that much. Deep networks are held to their first step.
    let isDeep = golden.config.contains("depth=50, base_channels=4") || golden.config.contains("MobileNetV2")
    for (index, step) in golden.steps.prefix(isDeep ? 1 : 2).enumerated() {
      model.train()
      model.clearGradients()
      let output = try model.trainStep(batch)
      output.loss.backward()
      #expect(output.sampleCount == step.samples)
      #expect(Set(output.logVars.keys) == Set(step.log.keys))
      for (name, value) in step.log {
        expectClose(
          [Float(output.logVars[name] ?? .nan)], [value], relative: 1e-4, absolute: 1e-5,
          "step \(index) \(name)")
      }
      let gradients = model.parameters.compactMap(\.gradient)
      #expect(gradients.count == step.count)
      let largest = step.norms.max() ?? 1
      expectClose(
        gradients.map { Float(Self.norm($0.floats)) }, step.norms, relative: isDeep ? 0.1 : 5e-3,
        absolute: (isDeep ? 5e-3 : 1e-4) * largest,
        "gradients of step \(index)")
      for parameter in model.parameters {
        guard let gradient = parameter.gradient else { continue }
        parameter.assign(parameter.value.detached() - gradient * 0.05)
      }
    }
    if isDeep { return }
    model.train(false)
    let scores = try model.predict(batch.images)
    expectClose(scores, golden.scores, relative: 0.05, absolute: 1e-3, "scores after training")
  }
}
