import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing
import TestSupport

@testable import Det

/// Losses, gradients, detections and masks of second stages equal mmdet's; values: Fixtures/det-roi/make.py.
@Suite struct RoIHeadTests {
  struct Fixture: Decodable, Sendable {
    var truths: [[[Float]]]
    var labels: [[Int]]
    var proposals: [[Float]]
    var cases: [Case]
  }

  struct Row: Decodable, Sendable {
    var label: Int
    var box: [Double]
    var runs: [UInt32]?
    var maskScore: Double?
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var kind, config: String
    var channels: Int
    var sizes: [[Int]]
    var losses: [String: Double]
    var names: [String]
    var state: [NeckTests.Entry]
    var norms, inputs: [Double]
    var dynamic: [Double]?
    var found, unscaled, merged: [[Row]]?
    var testDescription: String { "\(kind) \(config.prefix(90))" }
  }

  static let fixture: Fixture? = try? Formula.json("det-roi/heads.json")

  @Test func `there are cases`() { #expect(Self.fixture?.cases.count ?? 0 > 12) }

  static let (height, width) = (96, 128)

  func meta(flip: String? = nil) -> ImageMeta {
    var meta = ImageMeta()
    (meta.imageShape, meta.padShape) = ([Self.height, Self.width, 3], [Self.height, Self.width, 3])
    meta.originalShape = [72, 96, 3]
    meta.scaleFactor = Array(repeating: Float(4.0 / 3), count: 4)
    (meta.isFlipped, meta.flipDirection) = (flip != nil, flip)
    return meta
  }

  /// The same shapes as in the script.
  func masks(_ boxes: [[Float]], _ kind: String) -> InstanceMasks? {
    let (height, width) = (Self.height, Self.width)
    if kind == "polygons" || kind == "semantic" {
      let objects = boxes.map { box -> [[Double]] in
        let (x1, y1, x2, y2) = (Double(box[0]), Double(box[1]), Double(box[2]), Double(box[3]))
        return [
          [x1, y1, x2, y1 + 3, x2 - 4, y2, x1 + 2, (y1 + y2) / 2],
          [x1 + 1, y2 - 9, x1 + 12, y2 - 8, x1 + 6, y2 - 1],
        ]
      }
      return InstanceMasks(.polygons(objects), height: height, width: width)
    }
    guard kind == "bitmaps" || kind == "tests only" else { return nil }
    let objects = boxes.map { box -> [UInt8] in
      let b = box.map { Int($0) }
      return (0..<height * width).map { pixel in
        let (y, x) = (pixel / width, pixel % width)
        let inside = (b[1]..<b[3]).contains(y) && (b[0]..<b[2]).contains(x)
        return inside && !(y >= (b[1] + b[3]) / 2 && x < (b[0] + b[2]) / 2) ? 1 : 0
      }
    }
    return InstanceMasks(.bitmaps(objects), height: height, width: width)
  }

  func batch(_ fixture: Fixture, _ kind: String) -> DetectionBatch {
    let truths = zip(fixture.truths, fixture.labels).map { boxes, labels in
      var truth = GroundTruth()
      (truth.boxes, truth.labels, truth.masks) = (Boxes(boxes.flatMap { $0 }), labels, masks(boxes, kind))
      return truth
    }
    var batch = DetectionBatch(
      images: .zeros([2, 3, Self.height, Self.width]), metas: [meta(), meta()], truths: truths)
    if kind == "semantic" {
      let classes = Formula.pattern(2 * 12 * 16, seed: 77).map { value -> Int64 in
        let label = Int64(((value + 1) * 3).rounded(.down))
        return label == 5 ? 255 : label
      }
      batch.semanticMaps = Tensor(classes, shape: [2, 1, 12, 16])
    }
    return batch
  }

  func proposals(_ fixture: Fixture) -> [Proposals] {
    fixture.proposals.map { Proposals(boxes: Boxes($0), scores: Array(repeating: 1, count: $0.count / 4)) }
  }

  func build(_ config: String) throws -> any RoIHead {
    let context = formulaContext()
    return try context.registries.roiHeads.build(configNode(config), path: "model.roi_head", context: context)
  }

  @Test(arguments: fixture?.cases.filter { $0.kind != "tests only" } ?? []) func `trains as the original`(
    _ golden: Case
  ) throws {
    let fixture = try #require(Self.fixture), head = try build(golden.config)
    #expect(head.state.map { NeckTests.Entry($0.key, $0.value.value.shape) } == golden.state)
    guard head.state.count == golden.state.count else { return }
    Formula.fill(head)
    head.train()
    let features = golden.sizes.enumerated().map {
      Formula.tensor([2, golden.channels] + $1, seed: 1000 + $0).requiringGradient()
    }
    (head as? GridRoIHead)?.jitters = false
    let terms = try head.losses(features, proposals(fixture), batch(fixture, golden.kind))
    #expect(Array(terms.terms.keys) == golden.names)
    let (loss, log) = terms.total()
    for (name, expected) in golden.losses {
      #expect(
        abs((log[name] ?? .nan) - expected) <= 2e-4 * max(1, abs(expected)),
        "\(name): \(log[name] ?? .nan), expected \(expected)")
    }
    loss.backward()
    func norms(_ gradients: [Tensor?]) -> [Float] {
      gradients.map { $0.map { Float(Formula.norm($0.floats)) } ?? 0 }
    }
    let largest = golden.norms.max() ?? 0
    expectClose(
      norms(head.parameters.map(\.gradient)), golden.norms, relative: 3e-3, absolute: 2e-4 * largest,
      golden.config)
    expectClose(
      norms(features.map(\.gradient)), golden.inputs, relative: 3e-3,
      absolute: 2e-4 * (golden.inputs.max() ?? 0), golden.config)
    if let dynamic = golden.dynamic, let head = head as? DynamicRoIHead {
      let assigner = try #require(head.sampler?.assigner as? MaxIoUAssigner)
      let loss = try #require(head.bboxHead.lossBbox as? SmoothL1Loss)
      expectClose([assigner.positive, loss.beta], dynamic, relative: 1e-5, "adapted")
    }
  }

  @Test(arguments: fixture?.cases.filter { $0.found != nil } ?? []) func `finds what the original finds`(
    _ golden: Case
  ) throws {
    let fixture = try #require(Self.fixture), head = try build(golden.config)
    guard head.state.count == golden.state.count else { return }
    Formula.fill(head)
    let features = golden.sizes.enumerated().map {
      Formula.tensor([2, golden.channels] + $1, seed: 1000 + $0)
    }
    if head.state.keys.contains(where: { $0.hasSuffix("running_mean") }) {
      // The original had trained for a step, which moves the running statistics.
      head.train()
      _ = try head.losses(features, proposals(fixture), batch(fixture, golden.kind))
    }
    head.train(false)
    try withoutGradient {
      expect(
        try head.detections(features, proposals(fixture), [meta(), meta()], rescale: true),
        golden.found ?? [], "found")
      if let unscaled = golden.unscaled {
        expect(
          try head.detections(features, proposals(fixture), [meta(), meta()], rescale: false), unscaled,
          "unscaled")
      }
      guard let merged = golden.merged else { return }
      let views = (0..<2).map { view in
        (
          features: golden.sizes.enumerated().map {
            Formula.tensor([1, golden.channels] + $1, seed: 3000 + 10 * view + $0)
          },
          meta: meta(flip: view == 0 ? nil : "horizontal")
        )
      }
      let boxes = Boxes(fixture.proposals[0].map { $0 / Float(4.0 / 3) })
      let found = try head.detections(
        views: views, Proposals(boxes: boxes, scores: boxes.indices.map { _ in 1 }))
      expect([found], merged, "merged")
    }
  }

  /// Results class by class, as the original lists them.
  private func expect(_ found: [Detections], _ golden: [[Row]], _ what: String) {
    #expect(found.count == golden.count, "\(what)")
    for (image, rows) in golden.enumerated() where image < found.count {
      let detections = found[image]
      let order = detections.labels.indices.sorted {
        (detections.labels[$0], $0) < (detections.labels[$1], $1)
      }
      #expect(order.map { detections.labels[$0] } == rows.map(\.label), "\(what) of image \(image)")
      guard order.count == rows.count else { continue }
      for (index, row) in zip(order, rows) {
        let box = detections.boxes[index]
        expectClose(
          [box.x1, box.y1, box.x2, box.y2, detections.scores[index]], row.box, relative: 1e-4, absolute: 1e-3,
          what)
        if let runs = row.runs {
          guard let mask = detections.masks?[index] else {
            Issue.record("\(what): no mask")
            continue
          }
          let expected = RunLengthMask(height: mask.height, width: mask.width, runs: runs)
          #expect(runs.reduce(0, +) == UInt32(mask.height * mask.width), "\(what): size of the mask")
          let differing = zip(mask.bitmap, expected.bitmap).count { $0 != $1 }
          #expect(differing <= 2, "\(what): \(differing) pixels differ")
        }
        if let score = row.maskScore {
          expectClose(
            [detections.maskScores?[index] ?? .nan], [score], relative: 1e-3, absolute: 1e-5,
            "\(what) mask score")
        }
      }
    }
  }

  // MARK: Mistakes

  static let extractor =
    "bbox_roi_extractor=dict(type='SingleRoIExtractor', roi_layer=dict(type='RoIAlign', output_size=7), out_channels=8, featmap_strides=[4])"
  static let shared =
    "bbox_head=dict(type='Shared2FCBBoxHead', in_channels=8, fc_out_channels=8, num_classes=3)"

  @Test(arguments: [
    (
      "dict(type='StandardRoIHead', \(shared))",
      "c.py:1: model.roi_head: missing required key 'bbox_roi_extractor'"
    ),
    (
      "dict(type='StandardRoIHead', \(extractor.replacing("RoIAlign", with: "RoIAlgin")), \(shared))",
      "c.py:1: model.roi_head.bbox_roi_extractor.roi_layer.type: 'RoIAlgin' is not in the RoI layer registry; "
        + "did you mean 'RoIAlign'?"
    ),
    (
      "dict(type='StandardRoIHead', \(extractor.replacing("[4]", with: "[]")), \(shared))",
      "c.py:1: model.roi_head.bbox_roi_extractor.featmap_strides: must hold at least one number of 1 to 4096, found []"
    ),
    (
      "dict(type='StandardRoIHead', \(extractor), bbox_head=dict(type='ConvFCBBoxHead'))",
      "c.py:1: model.roi_head.bbox_head: at least one of num_shared_convs, num_shared_fcs, num_cls_... and num_reg_... "
        + "must be set"
    ),
    (
      "dict(type='CascadeRoIHead', num_stages=2, stage_loss_weights=[1], \(extractor), \(shared))",
      "c.py:1: model.roi_head.stage_loss_weights: must hold a number for each of 2 stages, found 1"
    ),
    (
      "dict(type='DoubleHeadRoIHead', reg_roi_scale_factor=1.3, \(extractor), \(shared))",
      "c.py:1: model.roi_head: bbox_head must be a DoubleConvFCBBoxHead, found Shared2FCBBoxHead"
    ),
    (
      "dict(type='MaskScoringRoIHead', mask_iou_head=dict(type='MaskIoUHead'), \(extractor), \(shared))",
      "c.py:1: model.roi_head: missing required key 'mask_head'"
    ),
  ]) func `mistakes are named`(_ config: String, _ message: String) {
    #expect(textOfError { _ = try build(config) } == message)
  }

  @Test func `what training and testing lack is named`() throws {
    let fixture = try #require(Self.fixture)
    let head = try build("dict(type='StandardRoIHead', \(Self.extractor), \(Self.shared))")
    let features = [Tensor.zeros([2, 8, 24, 32])]
    #expect(
      textOfError { _ = try head.losses(features, proposals(fixture), batch(fixture, "")) }
        == "StandardRoIHead has no train_cfg; it cannot be trained without one")
    #expect(
      textOfError { _ = try head.detections(features, proposals(fixture), [meta(), meta()], rescale: true) }
        == "StandardRoIHead has no test_cfg; it cannot predict without one")
    #expect(
      textOfError { try head.check(channels: [4]) }
        == "roi_head: an extractor for 1 feature maps of 8 channels cannot read maps of [4] channels")
  }

  @Test func `pictures without proposals or objects`() throws {
    let golden = try #require(Self.fixture?.cases.first { $0.kind == "polygons" })
    let head = try build(golden.config)
    Formula.fill(head)
    let none = [Proposals(boxes: Boxes(), scores: []), Proposals(boxes: Boxes(), scores: [])]
    let features = golden.sizes.enumerated().map {
      Formula.tensor([2, golden.channels] + $1, seed: 1000 + $0).requiringGradient()
    }
    var batch = DetectionBatch(images: .zeros([2, 3, Self.height, Self.width]), metas: [meta(), meta()])
    var truth = GroundTruth()
    truth.masks = InstanceMasks(.polygons([]), height: Self.height, width: Self.width)
    batch.truths = [truth, truth]
    let terms = try head.losses(features, none, batch)
    terms.total().loss.backward()
    #expect(terms["loss_bbox"]?.item == 0 && terms["loss_mask"]?.item == 0)
    let found = try withoutGradient { try head.detections(features, none, [meta(), meta()], rescale: true) }
    #expect(found.map(\.count) == [0, 0])
  }
}
