import Core
import Det
import Foundation
import OrderedCollections
import PyConfig
import Testing
import TestSupport

/// State, outputs and gradients of necks equal the originals' on weights of a formula; values: Fixtures/det-necks/make.py.
@Suite struct NeckTests {
  struct Output: Decodable, Sendable {
    var shape: [Int]
    var norm: Double
    var values: [Double]
  }

  struct Entry: Decodable, Sendable, Equatable {
    var key: String
    var shape: [Int]

    init(_ key: String, _ shape: [Int]) { (self.key, self.shape) = (key, shape) }

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      key = try container.decode(String.self)
      shape = try container.decode([Int].self)
    }
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var suite, config: String
    var shapes: [[Int]]
    var state: [Entry]
    var outputs: [Output]
    var loss: Double
    var norms, inputs: [Double]
    var testDescription: String { "\(suite) \(config)" }
  }

  static let cases: [Case] = (try? Formula.json("det-necks/necks.json")) ?? []

  @Test func `there are cases`() { #expect(Self.cases.count > 36) }

  private func build(_ config: String, suite: String = "mmdet") throws -> any Neck {
    let context = formulaContext(suite)
    if suite == "mmseg" {
      // Segmentation's own registry is not of this module; its config is Core's.
      var reader = try ConfigReader(configNode(config), path: "model.neck")
      _ = reader.node("type")
      let fpn = try SegFPNConfig(from: &reader)
      try reader.finish()
      return FPN(fpn.fpn)
    }
    return try context.registries.necks.build(configNode(config), path: "model.neck", context: context)
  }

  @Test(arguments: cases) func `equals the original`(_ golden: Case) throws {
    // mmcv's own class of dictionaries in what `repr` printed.
    let text = golden.config.replacingOccurrences(of: "Config(", with: "dict(")
    let neck = try build(text, suite: golden.suite)
    #expect(neck.state.map { Entry($0.key, $0.value.value.shape) } == golden.state)
    guard neck.state.count == golden.state.count else { return }
    Formula.fill(neck)
    try neck.check(golden.shapes)
    let features = golden.shapes.enumerated().map { Formula.tensor($1, seed: 1000 + $0) }
    neck.train(false)
    // Without a graph layers run fused, with one they do not.
    for outputs in [withoutGradient { neck(features) }, neck(features)] {
      #expect(outputs.map(\.shape) == golden.outputs.map(\.shape))
      for (output, expected) in zip(outputs, golden.outputs) {
        let values = output.detached().floats
        #expect(abs(Formula.norm(values) - expected.norm) <= 1e-5 * expected.norm)
        let step = max(1, values.count / 12)
        let picked = stride(from: 0, to: values.count, by: step).prefix(12).map { values[$0] }
        let scale = expected.norm / Double(values.count).squareRoot()
        expectClose(Array(picked), expected.values, relative: 1e-4, absolute: 3e-5 * scale, golden.config)
      }
    }
    if let channels = neck.outputChannels { #expect(channels == golden.outputs.map { $0.shape[1] }) }
    try expectGradients(of: neck, features, golden)
  }

  private func expectGradients(of neck: any Neck, _ features: [Tensor], _ golden: Case) throws {
    neck.train()
    let leaves = features.map { $0.requiringGradient() }
    var loss = Tensor(0)
    for (index, output) in neck(leaves).enumerated() {
      loss = loss + (output * Formula.tensor(output.shape, seed: 2000 + index)).sum()
    }
    #expect(abs(Double(loss.detached().item) - golden.loss) <= 1e-3 * max(1, abs(golden.loss)))
    loss.backward()
    func norms(_ gradients: [Tensor?]) -> [Float] {
      gradients.map { $0.map { Float(Formula.norm($0.floats)) } ?? 0 }
    }
    let largest = golden.norms.max() ?? 0
    expectClose(
      norms(neck.parameters.map(\.gradient)), golden.norms, relative: 2e-3, absolute: 1e-5 * largest,
      golden.config)
    expectClose(
      norms(leaves.map(\.gradient)), golden.inputs, relative: 1e-3,
      absolute: 1e-5 * (golden.inputs.max() ?? 0), golden.config)
  }

  @Test(arguments: [
    (
      "dict(type='FPN', in_channels=[4, 6], out_channels=8, num_outs=1)",
      "c.py:1: model.neck.num_outs: must be at least the number of levels used, 2, found 1"
    ),
    (
      "dict(type='FPN', in_channels=[4, 6], out_channels=8, num_outs=3, end_level=0)",
      "c.py:1: model.neck.num_outs: must be the number of levels used, 1, found 3"
    ),
    (
      "dict(type='FPN', in_channels=[4, 6], out_channels=8, num_outs=2, end_level=2)",
      "c.py:1: model.neck.end_level: must be -1 or in 0...1, found 2"
    ),
    (
      "dict(type='FPN', in_channels=[4, 0], out_channels=8, num_outs=2)",
      "c.py:1: model.neck.in_channels: must be in 1...1048576, found 0"
    ),
    (
      "dict(type='FPN', in_channels=[4], out_channels=9, num_outs=2, norm_cfg=dict(type='GN', num_groups=2))",
      "c.py:1: model.neck: norm_cfg.num_groups must divide all channel numbers, found 2 groups for 9 channels"
    ),
    (
      "dict(type='FPN', in_channels=[4], out_channels=8, num_outs=2, add_extra_convs='on_inputs')",
      "c.py:1: model.neck.add_extra_convs: must be one of on_input, on_lateral, on_output, found 'on_inputs'; "
        + "did you mean 'on_input'?"
    ),
    (
      "dict(type='FPN', in_channels=[4], out_channels=8, num_outs=2, upsample_cfg=dict(scale_factor=0))",
      "c.py:1: model.neck.upsample_cfg.scale_factor: must be 1 to 64, found 0.0, 0.0"
    ),
    (
      "dict(type='BFP', in_channels=8, num_levels=2)",
      "c.py:1: model.neck.refine_level: must be below num_levels, 2, found 2"
    ),
    (
      "dict(type='SSDNeck', in_channels=[8], out_channels=[8], level_strides=[], level_paddings=[])",
      "c.py:1: model.neck.out_channels: must begin with in_channels, [8], and go on, found [8]"
    ),
    (
      "dict(type='YOLOV3Neck', num_scales=2, in_channels=[8], out_channels=[8])",
      "c.py:1: model.neck: in_channels and out_channels must hold num_scales (2) numbers, found [8] and [8]"
    ),
    (
      "dict(type='YOLOXPAFPN', in_channels=[8], out_channels=8, upsample_cfg=dict(mode='nearest'))",
      "c.py:1: model.neck.upsample_cfg: must have a scale_factor"
    ),
  ]) func `mistakes are named`(_ config: String, _ message: String) throws {
    #expect(textOfError { _ = try build(config) } == message)
  }

  @Test(arguments: [
    (
      "dict(type='FPN', in_channels=[4, 6], out_channels=8, num_outs=2)", [[1, 4, 8, 8], [1, 7, 4, 4]],
      "neck.in_channels must be the backbone's, [4, 7], found [4, 6]"
    ),
    (
      "dict(type='FPN', in_channels=[4, 6], out_channels=8, num_outs=2, upsample_cfg=dict(scale_factor=2))",
      [[1, 4, 7, 8], [1, 6, 4, 4]],
      "neck.upsample_cfg.scale_factor: a level of [4, 4] pixels grows to [8, 8], the one below has [7, 8]; "
        + "pad images to a multiple of the largest stride"
    ),
    (
      "dict(type='HRFPN', in_channels=[4, 6], out_channels=8)", [[1, 4, 8, 8], [1, 6, 4, 4]],
      "neck.num_outs: 5 levels need maps of at least 16 pixels, found [8, 8]"
    ),
    (
      "dict(type='YOLOV3Neck', num_scales=2, in_channels=[6, 4], out_channels=[4, 4])",
      [[1, 4, 9, 8], [1, 6, 4, 4]],
      "neck: each map must be twice as large as the next, found [9, 8] and [4, 4] pixels; "
        + "pad images to a multiple of the largest stride"
    ),
  ]) func `maps that do not fit are named`(_ config: String, _ shapes: [[Int]], _ message: String) throws {
    let neck = try build(config)
    #expect(textOfError { try neck.check(shapes) } == message)
  }
}
