import Cls
import Core
import OrderedCollections
import PyConfig
import Testing

/// Keys, shapes and order of states, and what is frozen, equal mmcls's; values: Fixtures/cls-backbones/make.py.
@Suite struct BackboneStateTests {
  struct Fixture: Decodable, Sendable {
    var states: [State]
    var freezing: [Freezing]
  }

  struct State: Decodable, Sendable, CustomTestStringConvertible {
    var config, digest: String
    var count: Int
    var list: String?
    var testDescription: String { config }
  }

  struct Freezing: Decodable, Sendable, CustomTestStringConvertible {
    var config, fixedDigest, stillDigest: String
    var fixed, still: Int
    var testDescription: String { config }
  }

  static let fixture: Fixture? = try? Golden.json("cls-backbones/states.json")

  @Test func `there are cases`() {
    #expect(Self.fixture?.states.count ?? 0 > 35)
    #expect(Self.fixture?.freezing.count ?? 0 > 12)
  }

  @Test(arguments: fixture?.states ?? []) func `keys and shapes are the original's`(_ golden: State) throws {
    let model = try backbone(golden.config)
    let lines = model.state.map { "\($0.key) \($0.value.value.shape)\n" }
    #expect(lines.count == golden.count)
    if let list = golden.list { #expect(lines.joined() == list) }
    #expect(Golden.hash(lines.joined().utf8) == golden.digest)
  }

  @Test(arguments: fixture?.freezing ?? []) func `the same parts are frozen`(_ golden: Freezing) throws {
    let model = try backbone(golden.config)
    model.train()
    let fixed = model.namedParameters.filter { !$0.parameter.requiresGradient }.map(\.key)
    #expect(fixed.count == golden.fixed)
    #expect(Golden.hash(fixed.joined(separator: "\n").utf8) == golden.fixedDigest)
    // Modules with parameters or buffers of their own.
    let owners = Set(
      (model.namedParameters.map(\.key) + model.namedBuffers.map(\.key)).map { key in
        key.split(separator: ".").dropLast().joined(separator: ".")
      })
    let still = model.namedModules.filter { !$0.module.isTraining && owners.contains($0.key) }.map(\.key)
    #expect(still.count == golden.still, "\(still)")
    #expect(Golden.hash(still.joined(separator: "\n").utf8) == golden.stillDigest)
    model.train(false)
    #expect(model.namedModules.allSatisfy { !$0.module.isTraining })
  }

  static let errors: [(String, String)] = [
    (
      "dict(type='ResNest', depth=50)",
      "c.py:1: model.backbone.type: 'ResNest' is not in the backbone registry; did you mean 'ResN"
    ),
    ("dict(type='ResNet')", "c.py:1: model.backbone: missing required key 'depth'"),
    ("dict(type='ResNet', depth=51)", "model.backbone.depth: must be one of 18, 34, 50, 101, 152, found 51"),
    ("dict(type='ResNet', depth='50')", "c.py:1: model.backbone.depth: expected int, found str '50'"),
    (
      "dict(type='ResNet', depth=18, num_stages=3)",
      "num_stages must be 1 to 4 with one stride and one dilation each, found 3"
    ),
    (
      "dict(type='ResNet', depth=18, out_indices=(4, ))",
      "model.backbone.out_indices: must be in 0..<4, found [4]"
    ),
    (
      "dict(type='ResNet', depth=18, frozen_stages=5)",
      "model.backbone: frozen_stages must be at most the number of stages, 4, found 5"
    ),
    (
      "dict(type='ResNet', depth=18, base_channels=0)",
      "model.backbone: base_channels must be in 1...65536, found 0"
    ),
    (
      "dict(type='ResNet', depth=18, strides=(1, 0, 2, 2))",
      "strides and dilations must be in 1...1024, found [1, 0, 2, 2]"
    ),
    (
      "dict(type='ResNet', depth=18, expansion=2)",
      "model.backbone: expansion must be 1 for depth 18, found 2"
    ),
    (
      "dict(type='ResNet', depth=18, norm_cfg=dict(type='GN', num_groups=48))",
      "model.backbone: norm_cfg.num_groups must divide all channel numbers, found 48 groups for 64 channels"
    ),
    (
      "dict(type='ResNet', depth=18, norm_cfg=dict(type='BM'))",
      "model.backbone.norm_cfg.type: 'BM' is not in the norm layer registry; did you mean 'BN'?"
    ),
    (
      "dict(type='ResNet', depth=18, style='tensorflow')",
      "model.backbone.style: must be one of pytorch, caffe, found 'tensorflow'"
    ),
    (
      "dict(type='ResNet', depth=18, frozen_stage=1)",
      "unknown key 'frozen_stage'; did you mean 'frozen_stages'?"
    ),
    (
      "dict(type='ResNet_CIFAR', depth=18, deep_stem=True)",
      "model.backbone: ResNet_CIFAR has no deep stem; leave deep_stem out"
    ),
    ("dict(type='ResNeXt', depth=18)", "model.backbone.depth: must be one of 50, 101, 152, found 18"),
    ("dict(type='ResNeXt', depth=50, groups=0)", "model.backbone: groups must be in 1...65536, found 0"),
    (
      "dict(type='MobileNetV2', widen_factor=0)",
      "model.backbone.widen_factor: must be positive and at most 64, found 0.0"
    ),
    (
      "dict(type='MobileNetV2', widen_factor=1e300)",
      "model.backbone.widen_factor: must be positive and at most 64"
    ),
    (
      "dict(type='MobileNetV2', out_indices=(8, ))", "model.backbone.out_indices: must be in 0..<8, found [8]"
    ),
    ("dict(type='MobileNetV2', frozen_stages=8)", "model.backbone.frozen_stages: must be in -1..<8, found 8"),
    ("dict(type='VGG', depth=12)", "model.backbone: depth must be one of 11, 13, 16, 19, found 12"),
    (
      "dict(type='VGG', depth=11, out_indices=(6, ))",
      "model.backbone: out_indices must be in 0...5, found [6]"
    ),
    (
      "dict(type='VGG', depth=11, act_cfg=dict(type='Relu'))",
      "'Relu' is not in the activation layer registry; did you mean 'ReLU'?"
    ),
    ("dict(depth=18)", "c.py:1: model.backbone: missing required key 'type'"),
    ("[1]", "c.py:1: model.backbone: expected dict with a key 'type', found list of 1"),
  ]

  @Test(arguments: errors) func `a wrong option is named`(_ text: String, _ expected: String) {
    let message = errorText { _ = try backbone(text) }
    #expect(message.contains(expected), "\(message)")
    #expect(message.hasPrefix("c.py:1:"), "\(message)")
  }
}
