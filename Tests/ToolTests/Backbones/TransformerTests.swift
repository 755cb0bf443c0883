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
        // EfficientFormer reads these without a gradient in evaluation.
        #expect(
          (parameter.gradient == nil) == (expected == nil) || key.hasSuffix("attention_biases"), "\(key)")
        guard let gradient = parameter.gradient, let expected else { continue }
        // One of the networks stands on a kink: to its two sides derivatives differ by 0.3 %.
        let relative = golden.config.contains("num_heads=4, depths=6)") ? 1e-2 : 2e-3
        expectClose(
          [Float(Self.norm(gradient.floats))], [expected], relative: relative, absolute: 1e-5 * largest,
          "gradient of \(key)")
      }
    }
  }

  static let mistakes: [(String, String)] = [
    (
      "dict(type='mmdet.SwinTransformer', num_heads=(3, 6, 12, 25))",
      "num_heads: must divide the width of its layers, found 25 heads for 768 channels"
    ),
    ("dict(type='mmdet.SwinTransformer', num_heads=(3, 6))", "num_heads: must hold 4 numbers, found [3, 6]"),
    (
      "dict(type='mmdet.SwinTransformer', patch_size=2)",
      "patch_size: must be the first of strides, 4, found 2"
    ),
    ("dict(type='mmdet.SwinTransformer', window_size=0)", "window_size: must be in 1...64, found 0"),
    ("dict(type='mmdet.SwinTransformer', out_indices=(0, 4))", "out_indices: must be in 0..<4, found [0, 4]"),
    (
      "dict(type='mmdet.SwinTransformer', norm_cfg=dict(type='BN'))",
      "norm_cfg: must be of type LN, which works on tokens"
    ),
    (
      "dict(type='mmdet.SwinTransformer', init_cfg=dict(type='Normal', layer='Linear'))",
      "init_cfg: must be of type Pretrained, or None"
    ),
    (
      "dict(type='mmdet.SwinTransformer', pretrained='a.pth', init_cfg=dict(type='Pretrained', checkpoint='b.pth'))",
      "pretrained: must not be given together with init_cfg"
    ),
    (
      "dict(type='mmdet.SwinTransformer', window_sizes=7)",
      "unknown key 'window_sizes'; did you mean 'window_size'?"
    ),
    (
      "dict(type='mmdet.PyramidVisionTransformer', num_layers=[1, 2])",
      "num_layers: must hold 4 numbers, found [1, 2]"
    ),
    ("dict(type='mmdet.PyramidVisionTransformerV2', patch_sizes=[7, 3, 3, 3])", "unknown key 'patch_sizes'"),
    (
      "dict(type='mmseg.MixVisionTransformer', drop_path_rate=2)",
      "drop_path_rate: must be in 0.0...1.0, found 2.0"
    ),
    (
      "dict(type='mmseg.VisionTransformer', img_size=8)",
      "img_size: must hold 1 to 1048576 patches of 16 pixels, found 8x8 pixels"
    ),
    (
      "dict(type='mmseg.VisionTransformer', output_cls_token=True, with_cls_token=False)",
      "output_cls_token: needs with_cls_token=True"
    ),
    ("dict(type='mmseg.BEiT', img_size=16384)", "img_size: must hold 1 to 8192 patches of 16 pixels"),
    ("dict(type='mmseg.SVT', windiow_sizes=[7])", "windiow_sizes: must hold 3 numbers, found [7]"),
    (
      "dict(type='mmcls.SwinTransformer', arch='tyni')",
      "'tyni' is not in the Swin Transformer registry; it has"
    ),
    ("dict(type='mmcls.SwinTransformer', stage_cfgs=[dict()])", "stage_cfgs: must be one dict or 4, found 1"),
    (
      "dict(type='mmcls.VisionTransformer', out_indices=12)",
      "out_indices: must be layers, -12..<12, found [12]"
    ),
    (
      "dict(type='mmcls.VisionTransformer', arch=dict(embed_dims=5, num_layers=1, num_heads=2, feedforward_channels=4))",
      "num_heads: must divide the width of its layers, found 2 heads for 5 channels"
    ),
    ("dict(type='mmcls.PCPVT')", "missing required key 'arch'"),
    ("dict(type='mmcls.PoolFormer', out_indices=7)", "out_indices: must be in -7..<7, found [7]"),
    (
      "dict(type='mmcls.SwinTransformerV2', window_size=1)",
      "window_size: must be a number in 2...64 or 4 of them, found [1, 1, 1, 1]"
    ),
    ("dict(type='mmcls.T2T_ViT', t2t_cfg=dict(use_performer=True))", "t2t_cfg.use_performer: must be False"),
    ("dict(type='mmcls.TNT', patch_size=10)", "img_size must be a multiple of patch_size"),
    ("dict(type='mmcls.MlpMixer', out_indices=3)", "out_indices: must be in -12..<0, found [3]"),
    ("dict(type='mmcls.MViT', img_size=(32, 64))", "img_size: must be square with rel_pos_spatial"),
    ("dict(type='mmcls.EfficientFormer', arch='l2')", "'l2' is not in the EfficientFormer registry"),
    ("dict(type='mmcls.Conformer', patch_size=8)", "patch_size: must be a multiple of 16, found 8"),
    (
      "dict(type='mmcls.HorNet', arch=dict(base_dim=8, depths=[1, 1, 1, 1], orders=[1, 1, 1, 1], dw_cfg=[dict(type='DW', kernel_size=2)] * 4))",
      "dw_cfg.0.kernel_size: must be odd, found 2"
    ),
  ]

  @Test(arguments: mistakes) func `a wrong option is named`(_ text: String, _ expected: String) {
    var message = "nothing"
    do { _ = try Self.backbone("mmcls", text) } catch { message = "\(error)" }
    #expect(message.contains(expected), "\(message)")
    #expect(message.hasPrefix("c.py:1:"), "\(message)")
  }
}
