import Core
import Foundation
import OrderedCollections
import PyConfig
import TestSupport
import Testing
import ToolSupport

/// Backbones of all suites have the originals' keys and give their features; values: Fixtures/backbones/make.py.
@Suite struct BackboneParityTests {
  struct Fixture: Decodable, Sendable {
    var outputs: [Forward]
    var freezing: [Freezing]
  }

  struct Output: Decodable, Sendable {
    var shape: [Int]
    var norm: Double
    var values: [Double]
  }

  struct Forward: Decodable, Sendable, CustomTestStringConvertible {
    var config, keys: String
    var shape: [Int]
    var outputs: [Output]
    var testDescription: String { config }
  }

  struct Freezing: Decodable, Sendable, CustomTestStringConvertible {
    var config, fixed, still: String
    var count: Int
    var testDescription: String { config }
  }

  static let fixture: Fixture? = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.deletingLastPathComponent().appendingPathComponent("Fixtures/backbones/cases.json")
    return try? JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
  }()

  static func backbone(_ text: String) throws -> any Backbone {
    let root = try Config.parse(text: "x = \(text)", name: "c.py").root
    let context = BuildContext(registries: allRegistries(), scope: "mmcls")
    return try withoutInitialValues {
      try context.registries.backbones.build(#require(root["x"]), path: "model.backbone", context: context)
    }
  }

  static func fill(_ model: any Backbone) {
    Formula.fill(model)
    for (key, entry) in model.state where entry.value.dtype == .float32 {
      let parts = Set(key.split(separator: ".").map(String.init))
      // Scales of weights and factors of products: larger ones overflow or magnify the last digit.
      if !parts.isDisjoint(with: [
        "weight_gamma", "weight_beta", "g", "theta", "phi", "conv_out", "concat_project", "fc2",
      ]) {
        entry.assign(withoutGradient { entry.value * 0.02 })
      } else if parts.contains("conv_offset") {
        entry.assign(withoutGradient { entry.value * 0.001 })
      }
    }
  }

  static func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test func `there are cases`() {
    #expect(Self.fixture?.outputs.count ?? 0 > 50)
    #expect(Self.fixture?.freezing.count ?? 0 > 20)
  }

  @Test(arguments: fixture?.outputs ?? [])
  func `keys and features are the original's`(_ golden: Forward) throws {
    let model = try Self.backbone(golden.config)
    let keys = model.state.map { "\($0.key) \($0.value.value.shape)\n" }.joined()
    #expect(Formula.hash(keys) == golden.keys)
    Self.fill(model)
    model.train(false)
    let images = Formula.images(golden.shape, seed: 1000)
    for recorded in [false, true] {
      // Without a graph layers run fused, with one they do not.
      let outputs = recorded ? model(images) : withoutGradient { model(images) }
      #expect(outputs.map(\.shape) == golden.outputs.map(\.shape))
      for (output, expected) in zip(outputs, golden.outputs) {
        let values = output.detached().floats
        #expect(abs(Self.norm(values) - expected.norm) <= 2e-4 * expected.norm)
        let step = max(1, values.count / 16)
        let picked = stride(from: 0, to: values.count, by: step).prefix(16).map { values[$0] }
        let scale = expected.norm / Double(values.count).squareRoot()
        expectClose(Array(picked), expected.values, relative: 1e-3, absolute: 1e-3 * scale, golden.config)
      }
      if !model.outputs.isEmpty {
        #expect(model.outputs.map(\.channels) == golden.outputs.map { $0.shape[1] })
      }
    }
  }

  @Test(arguments: fixture?.freezing ?? []) func `the same parts are frozen`(_ golden: Freezing) throws {
    let model = try Self.backbone(golden.config)
    model.train()
    let fixed = model.namedParameters.filter { !$0.parameter.requiresGradient }.map(\.key)
    #expect(fixed.count == golden.count)
    #expect(Formula.hash(fixed.joined(separator: "\n")) == golden.fixed)
    // Modules with parameters or buffers of their own.
    let owners = Set(
      (model.namedParameters.map(\.key) + model.namedBuffers.map(\.key)).map { key in
        key.split(separator: ".").dropLast().joined(separator: ".")
      })
    let still = model.namedModules.filter { !$0.module.isTraining && owners.contains($0.key) }.map(\.key)
    #expect(Formula.hash(still.joined(separator: "\n")) == golden.still, "\(still)")
  }

  @Test func `a backward pass reaches all parameters of deformable and attentive networks`() throws {
    for text in [
      "dict(type='mmdet.ResNet', depth=50, base_channels=4, dcn=dict(type='DCNv2', deform_groups=1), stage_with_dcn=(False, True, True, True), norm_eval=False)",
      "dict(type='mmdet.ResNet', depth=50, base_channels=4, conv_cfg=dict(type='ConvAWS'), norm_eval=False)",
      "dict(type='mmdet.ResNeSt', depth=50, base_channels=8, stem_channels=8, norm_eval=False)",
      "dict(type='mmdet.ResNet', depth=50, base_channels=8, norm_eval=False, plugins=[dict(cfg=dict(type='GeneralizedAttention', num_heads=2), position='after_conv2')])",
    ] {
      let model = try Self.backbone(text)
      Formula.fill(model)
      model.train()
      let outputs = model(Formula.images([2, 3, 64, 64], seed: 3))
      outputs.dropFirst().reduce(outputs[0].squared().mean()) { $0 + $1.squared().mean() }.backward()
      let dry = model.namedParameters.filter { $0.parameter.requiresGradient && $0.parameter.gradient == nil }
      #expect(dry.isEmpty, "\(dry.map(\.key))")
      #expect(model.parameters.compactMap(\.gradient).allSatisfy { $0.floats.allSatisfy(\.isFinite) })
    }
  }

  static let mistakes: [(String, String)] = [
    (
      "dict(type='mmdet.ResNet', depth=18, dcn=dict(type='DCN'))",
      "dcn is for bottlenecks, depth 50 and above, found depth 18"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, dcn=dict(type='Conv2d'))",
      "model.backbone.dcn.type: must be DCN or DCNv2, found Conv2d"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, dcn=dict(type='DCN', deform_groups=3), stage_with_dcn=(False, True, True, True))",
      "deform_groups must divide all channel numbers, found 3 groups for 128 channels"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, dcn=dict(type='DCN'), stage_with_dcn=(True, ))",
      "stage_with_dcn must have 4 values, found 1"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, dcn=dict(type='DCN', groups=2))",
      "model.backbone.dcn: unknown key 'groups'"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, conv_cfg=dict(type='DCN', deform_groups=0))",
      "model.backbone.conv_cfg.deform_groups: must be in 1...4096, found 0"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, plugins=[dict(cfg=dict(type='ContextBloc', ratio=1), position='after_conv3')])",
      "'ContextBloc' is not in the plugin layer registry; did you mean 'ContextBlock'?"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, plugins=[dict(cfg=dict(type='ContextBlock', ratio=1), position='after_conv4')])",
      "plugins.0.position: must be one of after_conv1, after_conv2, after_conv3, found 'after_conv4'"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, plugins=[dict(cfg=dict(type='ContextBlock', ratio=1), position='after_conv3', stages=(True, ))])",
      "plugins: stages must have 4 values, found 1"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, plugins=[dict(cfg=dict(type='NonLocal2d'), position='after_conv3'), dict(cfg=dict(type='NonLocal2d'), position='after_conv2')])",
      "plugins: two are named nonlocal_block in one block; give them a postfix"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, plugins=[dict(cfg=dict(type='GeneralizedAttention', attention_type='01'), position='after_conv2')])",
      "attention_type: must be four digits 0 or 1, found '01'"
    ),
    (
      "dict(type='mmdet.ResNet', depth=50, plugins=[dict(cfg=dict(type='GeneralizedAttention', spatial_range=1), position='after_conv2')])",
      "spatial_range needs 256 or 512 channels, found 64"
    ),
    (
      "dict(type='mmseg.ResNet', depth=50, multi_grid=(1, 2))",
      "multi_grid must hold a dilation for each of 3 blocks, found [1, 2]"
    ),
    ("dict(type='mmdet.ResNeSt', depth=34)", "depth: must be one of 50, 101, 152, 200, found 34"),
    ("dict(type='mmdet.Res2Net', depth=50, scales=1)", "scales must be in 2...256"),
    ("dict(type='mmdet.HRNet')", "missing required key 'extra'"),
    ("dict(type='mmcls.HRNet', arch='w31')", "'w31' is not in the HRNet registry"),
    ("dict(type='mmdet.MobileNetV2', out_indices=(8, ))", "out_indices: must be in 0..<8, found [8]"),
    ("dict(type='mmseg.MobileNetV2', strides=(1, 2))", "strides and dilations must have 7 values each"),
    ("dict(type='mmdet.Darknet', depth=19)", "depth: must be 53, found 19"),
    (
      "dict(type='mmdet.CSPDarknet', spp_kernal_sizes=(4, ))",
      "spp_kernal_sizes: must be odd numbers in 1...255, found [4]"
    ),
    (
      "dict(type='mmdet.SSDVGG', depth=16, out_feature_indices=(99, ))",
      "out_feature_indices: must be in 0..<35, found [99]"
    ),
    ("dict(type='mmcls.EfficientNet', arch='b9')", "'b9' is not in the EfficientNet registry"),
    (
      "dict(type='mmcls.ConvNeXt', arch=dict(depths=[1], channels=[1, 2]))",
      "depths and channels must be positive and equally many"
    ),
    ("dict(type='mmcls.ShuffleNetV1', groups=5)", "groups: must be one of 1, 2, 3, 4, 8, found 5"),
    ("dict(type='mmcls.VAN', norm_cfg=dict(type='BN'))", "norm_cfg: must be LN"),
    (
      "dict(type='mmcls.RepMLPNet', arch='b', img_size=0)",
      "img_size, patch_size and globalperceptron_ratio must be positive"
    ),
  ]

  @Test(arguments: mistakes) func `a wrong option is named`(_ text: String, _ expected: String) {
    var message = "nothing"
    do { _ = try Self.backbone(text) } catch { message = "\(error)" }
    #expect(message.contains(expected), "\(message)")
    #expect(message.hasPrefix("c.py:1:"), "\(message)")
  }
}
