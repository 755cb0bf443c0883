import Core
import Testing

@testable import Seg

/// Mistakes in the configs of decode heads are explained where they stand.
@Suite struct DecodeHeadErrorTests {
  static let one = "in_channels=8, channels=8, num_classes=3"
  static let many = "in_channels=[4, 8, 12], in_index=[0, 1, 2], channels=8, num_classes=3"

  static let cases: [(String, String)] = [
    ("dict(type='FCNHead', in_channels=8, channels=4)", ": missing required key 'num_classes'"),
    ("dict(type='FCNHead', \(one), num_conv=3)", ": unknown key 'num_conv'; did you mean 'num_convs'?"),
    ("dict(type='FCNHead', \(one), dropout_ratio=2)", ".dropout_ratio: must be at most 1, found 2.0"),
    (
      "dict(type='FCNHead', in_channels=8, channels=4, num_classes=3, num_convs=0)",
      ".num_convs: without convolutions, channels must be in_channels, 8, found 4"
    ),
    (
      "dict(type='FCNHead', \(one), input_transform='resize_concat')",
      ": in_channels and in_index must be lists of the same length, found [8] and [-1]"
    ),
    (
      "dict(type='FCNHead', \(one), norm_cfg=dict(type='GN', num_groups=3))",
      "norm_cfg.num_groups must divide all channel numbers, found 3 groups for 8 channels"
    ),
    (
      "dict(type='FCNHead', \(one), kernel_size=2)",
      ".kernel_size: must be odd with concat_input, which puts maps of one size together, found 2"
    ),
    (
      "dict(type='OCRHead', \(one), ocr_channels=3, norm_cfg=dict(type='GN', num_groups=2))",
      "norm_cfg.num_groups must divide all channel numbers, found 2 groups for 3 channels"
    ),
    (
      "dict(type='UPerHead', \(one))",
      ": in_channels and in_index must be lists of the same length, found [8] and [-1]"
    ),
    (
      "dict(type='PSPHead', \(one), pool_scales=(0, 1))",
      ".pool_scales: must be positive numbers, found [0, 1]"
    ),
    (
      "dict(type='FPNHead', \(many), feature_strides=[4, 8])",
      ".feature_strides: must be 3 positive numbers, found [4, 8]"
    ),
    (
      "dict(type='FPNHead', \(many), feature_strides=[8, 4, 16])",
      ".feature_strides: must begin with the smallest, found [8, 4, 16]"
    ),
    ("dict(type='OCRHead', \(one), ocr_channels=4, scale=2)", ".scale: must be at most 1, found 2.0"),
    (
      "dict(type='ANNHead', \(many), project_channels=4)",
      ".in_channels: must be two numbers, found [4, 8, 12]"
    ),
    (
      "dict(type='CCHead', in_channels=8, channels=4, num_classes=3)",
      ".channels: must be at least 8, found 4"
    ),
    (
      "dict(type='DNLHead', \(one), mode='gaussian')",
      ".mode: must be one of dot_product, embedded_gaussian, found 'gaussian'"
    ),
    (
      "dict(type='EncHead', \(many), norm_cfg=dict(type='GN', num_groups=2))",
      ".norm_cfg: must be batch normalisation, which codes need as well"
    ),
    ("dict(type='LRASPPHead', \(one))", ".input_transform: must be 'multiple_select'"),
    (
      "dict(type='PointHead', \(many), norm_cfg=dict(type='BN'))",
      ".norm_cfg: must be BN1d: the layers are those of points"
    ),
    ("dict(type='PSAHead', \(one), mask_size=(0, 3))", ".mask_size: must be positive, found 0x3"),
    ("dict(type='SETRUPHead', \(one), kernel_size=5)", ".kernel_size: must be 1 or 3, found 5"),
    (
      "dict(type='SETRMLAHead', \(many), mla_channels=4)",
      ".channels: must be mla_channels for each of 3 inputs, found 8"
    ),
    (
      "dict(type='FCNHead', \(one), sampler=dict(type='OHEMPixelSampler', min_kept=1))",
      ".sampler.min_kept: must be more than 1, found 1"
    ),
  ]

  @Test(arguments: cases) func `what cannot be is explained`(_ config: String, _ text: String) {
    let found = segErrorText { _ = try decodeHead(config) }
    #expect(found.contains(text), "\(found)")
    #expect(found.hasPrefix("c.py:1: model.decode_head") || found.hasPrefix("model.decode_head"), "\(found)")
  }

  static let passes: [(String, [[Int]], String)] = [
    (
      "dict(type='OCRHead', \(one), ocr_channels=4)", [[1, 8, 6, 6]],
      "OCRHead must be behind another head, in a CascadeEncoderDecoder"
    ),
    (
      "dict(type='PointHead', \(many))", [[1, 4, 6, 6]],
      "PointHead needs subdivision_steps, subdivision_num_points and scale_factor in test_cfg"
    ),
    (
      "dict(type='LRASPPHead', \(many), input_transform='multiple_select')",
      [[1, 4, 60, 60], [1, 8, 50, 50], [1, 12, 40, 40]],
      "LRASPPHead: the last feature map must be at least 49x49, found 40x40: pictures must be larger"
    ),
    (
      "dict(type='PSAHead', \(one), mask_size=(3, 3), compact=True)", [[1, 8, 8, 8]],
      "PSAHead: with compact, mask_size must be that of the shrunk feature map, 4x4, found 3x3"
    ),
    (
      "dict(type='DepthwiseSeparableASPPHead', \(one), c1_in_channels=5, c1_channels=3)", [[1, 8, 8, 8]],
      "c1_in_channels must be that of the first feature map, 8, found 5"
    ),
  ]

  @Test(arguments: passes) func `what cannot be computed is explained`(
    _ config: String, _ shapes: [[Int]], _ text: String
  ) throws {
    let head = try decodeHead(config)
    let features = shapes.map { Tensor.zeros($0) }
    #expect(segErrorText { _ = try head.predict(features, previous: nil, TestSettings()) } == text)
  }

  @Test func `points are drawn where the head before is least certain`() throws {
    // Class 0 wins by far but for the middle column, where two classes are equal.
    var scores = [Float](repeating: 0, count: 3 * 8 * 8)
    for y in 0..<8 { for x in 0..<8 where x != 4 { scores[y * 8 + x] = 10 } }
    var settings = TrainSettings()
    (settings.points, settings.oversampling, settings.importance) = (16, 200, 1)
    let points = try PointSampling.trainingPoints(Tensor(scores, shape: [1, 3, 8, 8]), settings)
    #expect(points.shape == [1, 16, 2])
    for row in 0..<16 { #expect(abs(points.floats[2 * row] - 4.5 / 8) < 0.13) }
    #expect(
      segErrorText { _ = try PointSampling.trainingPoints(.zeros([1, 3, 2, 2]), TrainSettings()) }
        == "PointHead needs num_points, oversample_ratio and importance_sample_ratio in train_cfg")
  }
}
