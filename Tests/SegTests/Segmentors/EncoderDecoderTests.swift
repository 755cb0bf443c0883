import Core
import OrderedCollections
import Seg
import Testing
import TestSupport

/// Whole models: losses, gradients and label maps equal mmseg's; values: Fixtures/seg-models/make.py.
@Suite struct EncoderDecoderTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var config: String
    var classes: Int
    var state: [String]
    var log: [NamedNumber]
    var gradients: [NamedNumber]
    /// Class indices, a digit a pixel: of each view by itself, and of all together.
    var single: [String]
    var several: String
    var testDescription: String { config }
  }

  static let cases: [Case] = (try? SegGolden.json("seg-models/segmentors.json")) ?? []

  static func segmentor(_ config: String) throws -> any Segmentor {
    let context = segmentationContext()
    return try context.registries.segmentors.build(segNode(config), path: "model", context: context)
  }

  /// A picture as it is, smaller and mirrored, and upside down.
  static var views: [SegmentationBatch] {
    let flips =
      [((64, 80), nil), ((48, 72), "horizontal"), ((64, 80), "vertical")] as [((Int, Int), String?)]
    return flips.map { size, flip in
      var meta = ImageMeta()
      meta.originalShape = [50, 61, 3]
      meta.imageShape = [size.0 - 5, size.1 - 3, 3]
      meta.padShape = [size.0, size.1, 3]
      (meta.isFlipped, meta.flipDirection) = (flip != nil, flip)
      return SegmentationBatch(images: SegGolden.tensor([1, 3, size.0, size.1], seed: 1100), metas: [meta])
    }
  }

  @Test func `there are cases`() { #expect(Self.cases.count >= 4) }

  @Test(arguments: cases) func `equals the original`(_ golden: Case) throws {
    let model = try Self.segmentor(golden.config)
    #expect(model.classes == golden.classes)
    #expect(model.state.map(\.key) == golden.state)
    SegGolden.fill(model)
    model.train()
    let batch = SegmentationBatch(
      images: SegGolden.tensor([2, 3, 64, 80], seed: 1000), metas: [ImageMeta(), ImageMeta()],
      labels: SegGolden.labels([2, 1, 64, 80], classes: golden.classes))
    let output = try model.trainStep(batch)
    #expect(output.sampleCount == 2)
    #expect(Array(output.logVars.keys) == golden.log.map(\.name))
    for entry in golden.log {
      expectClose(
        [Float(output.logVars[entry.name] ?? .nan)], [entry.value], relative: 5e-4, absolute: 1e-4, entry.name
      )
    }
    output.loss.backward()
    let parameters = model.namedParameters
    #expect(parameters.filter { $0.parameter.gradient != nil }.count == golden.gradients.count)
    expectGradients(parameters.map { ($0.key, $0.parameter.gradient) }, golden.gradients, relative: 3e-2)

    model.train(false)
    func text(_ views: [SegmentationBatch]) throws -> String {
      let map = try #require(try model.predict(views: views).first)
      #expect(map.height == 50 && map.width == 61)
      return map.labels.map { String($0) }.joined()
    }
    func expectEqual(_ found: String, _ expected: String, _ what: String) {
      let differing = zip(found, expected).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
      // Scores of two classes may be equal but for rounding.
      #expect(
        found.count == expected.count && differing <= 3,
        "\(what): \(differing) of \(expected.count) pixels differ")
    }
    for (index, expected) in golden.single.enumerated() {
      expectEqual(try text([Self.views[index]]), expected, "view \(index)")
    }
    expectEqual(try text(Self.views), golden.several, "all views")
  }

  static let backbone = "backbone=dict(type='ResNet', depth=18, base_channels=4)"
  static let head = "decode_head=dict(type='FCNHead', in_channels=32, in_index=3, channels=4, num_classes=3)"

  static let buildErrors: [(String, String)] = [
    ("dict(type='EncoderDecoder', \(head))", "c.py:1: model: missing required key 'backbone'"),
    ("dict(type='EncoderDecoder', \(backbone))", "c.py:1: model: missing required key 'decode_head'"),
    (
      "dict(type='EncoderDecoder', \(backbone), \(head), test_cfg=dict(mode='slid'))",
      "c.py:1: model.test_cfg.mode: must be one of slide, whole, found 'slid'"
    ),
    (
      "dict(type='EncoderDecoder', \(backbone), \(head), test_cfg=dict(mode='slide', crop_size=(8, 8)))",
      "c.py:1: model.test_cfg: mode 'slide' needs a positive crop_size and stride"
    ),
    (
      "dict(type='EncoderDecoder', \(backbone), \(head.replacingOccurrences("FCNHead", "FCNHed")))",
      "c.py:1: model.decode_head.type: 'FCNHed' is not in the head registry; did you mean 'FCNHead'?"
    ),
    (
      "dict(type='EncoderDecoder', \(backbone), \(head.replacingOccurrences("num_classes=3", "num_classes=3, out_channels=2")))",
      "c.py:1: model.decode_head.out_channels: must be num_classes, 3, or 1 for two classes, found 2"
    ),
    (
      "dict(type='CascadeEncoderDecoder', num_stages=2, \(backbone), \(head))",
      "c.py:1: model.decode_head: must be a list of num_stages heads, 2, found dict with keys type, in_channels, in_index, channels, num_classes"
    ),
    (
      "dict(type='EncoderDecoder', pretrained='a.pth', \(backbone.replacingOccurrences("depth", "pretrained='b.pth', depth")), \(head))",
      "c.py:1: model.pretrained: both the backbone and the segmentor say which weights to start from"
    ),
  ]

  @Test(arguments: buildErrors) func `what cannot be built is explained`(_ config: String, _ text: String) {
    #expect(segErrorText { _ = try Self.segmentor(config) } == text)
  }

  static let runErrors: [(String, String)] = [
    ("in_channels=32, in_index=4", "in_index must be that of one of 4 feature maps, found 4"),
    ("in_channels=31, in_index=3", "in_channels must be that of feature map 3, 32, found 31"),
  ]

  @Test(arguments: runErrors) func `features that do not fit are explained`(_ keys: String, _ text: String)
    throws
  {
    let head = Self.head.replacingOccurrences("in_channels=32, in_index=3", keys)
    let model = try Self.segmentor("dict(type='EncoderDecoder', \(Self.backbone), \(head))")
    model.train(false)
    #expect(segErrorText { _ = try model.predict(views: [Self.views[0]]) } == text)
    #expect(segErrorText { try model.runDummy(Self.views[0].images) } == text)
  }

  @Test func `a batch without labels cannot be learnt from`() throws {
    let model = try Self.segmentor("dict(type='EncoderDecoder', \(Self.backbone), \(Self.head))")
    #expect(segErrorText { _ = try model.losses(Self.views[0]) } == "a batch for training needs label maps")
  }
}

extension String {
  fileprivate func replacingOccurrences(_ part: String, _ other: String) -> String {
    split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
  }
}
