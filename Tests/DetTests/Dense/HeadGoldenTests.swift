import Core
import Det
import OrderedCollections
import TestSupport
import Testing

/// Losses, gradients and detections of dense heads equal mmdet's; values: Fixtures/det-dense/make.py.
@Suite("Dense heads")
struct HeadGoldenTests {
  struct Found: Decodable, Sendable {
    var dets: [Double]
    var labels: [Int]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var config, truths, state: String
    var losses: [Term]?
    var norms: [Norm]?
    var detections: [Found]?
    var testDescription: String { "\(truths) \(config)" }
  }

  /// A pair of a name and numbers.
  struct Term: Decodable, Sendable {
    var name: String
    var values: [Double]
    init(from decoder: any Decoder) throws {
      var items = try decoder.unkeyedContainer()
      name = try items.decode(String.self)
      values = try items.decode([Double].self)
    }
  }

  struct Norm: Decodable, Sendable {
    var name: String
    var value: Double
    init(from decoder: any Decoder) throws {
      var items = try decoder.unkeyedContainer()
      name = try items.decode(String.self)
      value = try items.decode(Double.self)
    }
  }

  /// Boxes, labels and ignored boxes of two pictures.
  struct Truths: Decodable, Sendable {
    var boxes: [[[Double]]]
    var labels: [[Int]]
    var ignored: [[[Double]]]
    init(from decoder: any Decoder) throws {
      var items = try decoder.unkeyedContainer()
      boxes = try items.decode([[[Double]]].self)
      labels = try items.decode([[Int]].self)
      ignored = try items.decode([[[Double]]].self)
    }
  }

  struct Fixture: Decodable, Sendable {
    var truths: [String: Truths]
    var cases: [Case]
  }

  static let fixture: Fixture? = try? Formula.json("det-dense/heads.json")
  static let sizes = [Pair(h: 12, w: 16), Pair(h: 6, w: 8), Pair(h: 3, w: 4), 2, 1]

  @Test func `there are cases`() { #expect(Self.fixture?.cases.count ?? 0 > 60) }

  static func features(_ config: String) -> [Tensor] {
    sizes.prefix(config.contains("YOLOF") ? 1 : config.contains("YOLO") ? 3 : 5).enumerated().map {
      Formula.tensor([2, 8, $1.h, $1.w], seed: 100 + $0)
    }
  }

  static var metas: [ImageMeta] {
    var (first, second) = (ImageMeta(), ImageMeta())
    (first.imageShape, first.padShape, first.scaleFactor) = ([96, 128, 3], [96, 128, 3], [2, 1.5, 2, 1.5])
    (second.imageShape, second.padShape) = ([90, 120, 3], [96, 120, 3])
    return [first, second]
  }

  static func batch(_ truths: Truths) -> DetectionBatch {
    DetectionBatch(
      images: .zeros([2, 3, 96, 128]), metas: metas,
      truths: truths.boxes.indices.map { index in
        var truth = GroundTruth()
        truth.boxes = corners(truths.boxes[index])
        truth.labels = truths.labels[index]
        truth.ignoredBoxes = corners(truths.ignored[index])
        return truth
      })
  }

  private static func corners(_ rows: [[Double]]) -> Boxes { Boxes(rows.flatMap { $0.map { Float($0) } }) }

  @Test(arguments: fixture?.cases ?? []) func `equals the original`(_ c: Case) throws {
    let fixture = try #require(Self.fixture)
    let head = try denseHead(c.config)
    let state = head.stateDict.map {
      "\($0.key) [\($0.value.shape.map(String.init).joined(separator: ", "))]\n"
    }.joined()
    #expect(state == c.state)
    fillDense(head)
    let features = Self.features(c.config)
    if let losses = c.losses {
      if let head = head as? YOLOXHead { head.usesL1 = true }
      head.train()
      let terms = try head.losses(features, Self.batch(try #require(fixture.truths[c.truths])))
      #expect(terms.terms.keys.elements == losses.map(\.name))
      for term in losses {
        let own = (terms.terms[term.name] ?? []).map { $0.detached().item }
        expectClose(own, term.values, relative: 2e-4, absolute: 2e-5, term.name)
      }
      let (loss, _) = terms.total()
      if loss.requiresGradient { loss.backward() }
      let norms = Dictionary(uniqueKeysWithValues: (c.norms ?? []).map { ($0.name, $0.value) })
      for (key, parameter) in head.namedParameters {
        let own = parameter.gradient.map { Formula.norm($0.floats) } ?? 0
        expectClose([Float(own)], [norms[key] ?? 0], relative: 2e-3, absolute: 1e-4, "gradient of \(key)")
      }
    }
    guard let detections = c.detections else { return }
    let tested = try denseHead(c.config)
    fillDense(tested)
    tested.train(false)
    let found = try tested.detections(
      features, Self.metas, rescale: !c.config.contains("RPNHead"), suppress: true)
    for (own, expected) in zip(found, detections) {
      #expect(own.labels == expected.labels)
      let rows = (0..<own.count).flatMap { i -> [Float] in
        let box = own.boxes[i]
        return [box.x1, box.y1, box.x2, box.y2, own.scores[i]]
      }
      expectClose(rows, expected.dets, relative: 1e-4, absolute: 2e-3, "detections")
    }
  }

  @Test func `views of a picture are merged`() throws {
    let config = try #require(Self.fixture?.cases.first?.config)
    let head = try denseHead(config)
    fillDense(head)
    head.train(false)
    let features = Self.features(config).map { $0.sliced(0, 0..<1) }
    let once = try head.detections(features, [Self.metas[0]], rescale: true, suppress: true)[0]
    let twice = try head.detections(views: [(features, Self.metas[0]), (features, Self.metas[0])])
    // Twice the same candidates: each suppresses its double.
    #expect(twice.boxes == once.boxes)
    #expect(twice.scores == once.scores)
    var flipped = Self.metas[0]
    (flipped.isFlipped, flipped.flipDirection) = (true, "horizontal")
    let mirrored = try head.detections(views: [(features, flipped)])
    let first = try #require(mirrored.boxes.first { _ in true }),
      plain = try #require(once.boxes.first { _ in true })
    expectClose(
      [first.x1 * 2, first.x2 * 2], [128 - Double(plain.x2) * 2, 128 - Double(plain.x1) * 2], absolute: 1e-3)
  }

  static let errors: [(String, String)] = [
    (
      "dict(type='RetinaHead', num_classes=4, in_channels=8, anchor_generator=dict(type='AnchorGenerator', scales=[1], ratios=[1.0], strides=[8], scale_per_octave=3))",
      "model.bbox_head.anchor_generator: unknown key 'scale_per_octave'; did you mean 'scales_per_octave'?"
    ),
    ("dict(type='RetinaHead', in_channels=8)", "model.bbox_head: missing required key 'num_classes'"),
    (
      "dict(type='RetinaHead', num_classes=0, in_channels=8)",
      "model.bbox_head.num_classes: must be in 1...1000000, found 0"
    ),
    (
      "dict(type='FCOSHead', num_classes=4, in_channels=8, feat_channels=9)",
      "norm_cfg.num_groups must divide all channel numbers, found 32 groups for 9 channels"
    ),
    (
      "dict(type='GFLHead', num_classes=4, in_channels=8, norm_cfg=None, anchor_generator=dict(type='AnchorGenerator', scales=[1, 2], ratios=[1.0], strides=[8]))",
      "anchor_generator must give one anchor a position, found 2"
    ),
    (
      "dict(type='RetinaHead', num_classes=4, in_channels=8, train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_th=0.4)))",
      "model.bbox_head.train_cfg.assigner: missing required key 'neg_iou_thr'"
    ),
  ]

  @Test(arguments: errors) func `a wrong option is named`(_ text: String, _ expected: String) {
    let message = textOfError { _ = try denseHead(text) }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func `what training and testing lack is said`() throws {
    let head = try denseHead("dict(type='RetinaHead', num_classes=4, in_channels=8)")
    let features = Self.features("Retina")
    #expect(
      textOfError { _ = try head.detections(features, Self.metas, rescale: true, suppress: true) }
        == "RetinaHead has no test_cfg; it cannot predict without one")
    let truths = try #require(Self.fixture?.truths["usual"])
    #expect(
      textOfError { _ = try head.losses(features, Self.batch(truths)) }
        == "RetinaHead has no train_cfg; it cannot be trained without one")
    #expect(
      textOfError { _ = try head.losses(Array(features.prefix(2)), Self.batch(truths)) }
        == "the anchor generator has 5 strides, the head gets 2 feature maps; they must agree")
    var batch = Self.batch(truths)
    batch.truths = nil
    #expect(
      textOfError { _ = try head.losses(features, batch) }
        == "the pipeline must collect gt_bboxes and gt_labels for training")
    var odd = Self.batch(truths)
    odd.truths?[1].labels = [2, 4]
    #expect(
      textOfError { _ = try head.losses(features, odd) }
        == "the head tells 4 classes apart, found an object of class 4; num_classes must be that of the data set"
    )
    odd.truths?[1].labels = [2]
    #expect(textOfError { _ = try head.losses(features, odd) } == "2 objects need as many classes, found 1")
    #expect(
      textOfError { _ = try head.losses(features.map { $0.sliced(1, 0..<4) }, Self.batch(truths)) }
        == "RetinaHead: in_channels must be those of its feature maps, [4, 4, 4, 4, 4], found 8")
  }
}
