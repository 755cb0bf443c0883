import Core
import Seg
import Testing
import TestSupport

/// Backbones that only segmentation has equal mmseg's; values: Fixtures/seg-models/make.py.
@Suite struct SegmentationBackboneTests {
  static let cases: [NetworkCase] = (try? SegGolden.json("seg-models/backbones.json")) ?? []

  static func backbone(_ config: String) throws -> any Backbone {
    let context = segmentationContext()
    return try context.registries.backbones.build(segNode(config), path: "model.backbone", context: context)
  }

  @Test func `there are cases`() { #expect(Self.cases.count >= 12) }

  @Test(arguments: cases) func `equals the original`(_ golden: NetworkCase) throws {
    let backbone = try Self.backbone(golden.config)
    // Statistics over few pixels amplify rounding in deep networks.
    try golden.check(backbone, { backbone($0[0]) }, relative: 2e-2)
  }

  static let errors: [(String, String)] = [
    (
      "dict(type='UNet', num_stages=3)",
      "c.py:1: model.backbone.strides: must be 3 positive numbers, found [1, 1, 1, 1, 1]"
    ),
    (
      "dict(type='UNet', dcn=dict(type='DCN'))",
      "c.py:1: model.backbone.dcn: must be None, found dict with keys type"
    ),
    (
      "dict(type='UNet', upsample_cfg=dict(type='DeconvModule', kernel_size=3))",
      "c.py:1: model.backbone.upsample_cfg.kernel_size: must exceed scale_factor, 2, by an even number, found 3"
    ),
    (
      "dict(type='BiSeNetV2', bga_channels=64)",
      "c.py:1: model.backbone.bga_channels: must be the last of detail_channels and of semantic_channels, found 64"
    ),
    (
      "dict(type='FastSCNN', lower_in_channels=64)",
      "c.py:1: model.backbone.lower_in_channels: must be global_out_channels, 128, found 64"
    ),
    (
      "dict(type='ERFNet', dropout_ratio=2)",
      "c.py:1: model.backbone.dropout_ratio: must be in 0...1, found 2.0"
    ),
    (
      "dict(type='STDCNet', stdc_type='Large', in_channels=3, channels=(4, 8, 16, 32, 64), bottleneck_type='cat', norm_cfg=dict(type='BN'), act_cfg=None)",
      "model.backbone.stdc_type: must be one of STDCNet1, STDCNet2, found 'Large'"
    ),
    (
      "dict(type='BiSeNetV1', backbone_cfg=dict(type='ResNet', depth=18, num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(0, 1, 2)))",
      "the inner backbone must give four feature maps, the last two with 256 and 512 channels, found [64, 128, 256]"
    ),
  ]

  @Test(arguments: errors) func `what cannot be is explained`(_ config: String, _ text: String) {
    #expect(segErrorText { _ = try Self.backbone(config) }.hasSuffix(text))
  }
}
