import Core
import Det
import OrderedCollections
import TestSupport
import Testing

/// Dense heads given what no data set should hold: they answer, and never with what is no number.
@Suite("Dense heads and odd inputs")
struct HostileDenseTests {
  typealias Golden = HeadGoldenTests

  static let cases = Golden.fixture?.cases.filter { $0.truths == "usual" && !$0.config.contains("RPN") } ?? []
  static let trained = Golden.fixture?.cases.filter { $0.truths == "usual" && $0.losses != nil } ?? []

  @Test func `there are cases`() { #expect(Self.cases.count > 20 && Self.trained.count > 20) }

  private func head(_ c: Golden.Case) throws -> any DenseHead {
    let head = try denseHead(c.config)
    fillDense(head)
    (head as? YOLOXHead)?.usesL1 = true
    return head
  }

  /// Both pictures with the same objects.
  private func batch(_ boxes: [Box], ignored: [Box] = []) -> DetectionBatch {
    var truth = GroundTruth()
    truth.boxes = Boxes(boxes)
    truth.labels = boxes.indices.map { $0 % 3 }
    truth.ignoredBoxes = Boxes(ignored)
    return DetectionBatch(images: .zeros([2, 3, 96, 128]), metas: Golden.metas, truths: [truth, truth])
  }

  /// Losses, whose gradients can be found.
  private func losses(_ head: any DenseHead, _ features: [Tensor], _ batch: DetectionBatch) throws
    -> LossTerms
  {
    head.train()
    let terms = try head.losses(features, batch)
    let loss = terms.total().loss
    if loss.requiresGradient { loss.backward() }
    return terms
  }

  private func expectFinite(_ terms: LossTerms, _ what: String) {
    for (name, parts) in terms.terms {
      #expect(parts.allSatisfy { $0.detached().floats.allSatisfy(\.isFinite) }, "\(name) of \(what)")
    }
  }

  private func expectFinite(_ found: [Detections], _ what: String) {
    for found in found {
      #expect(found.boxes.values.allSatisfy(\.isFinite) && found.scores.allSatisfy(\.isFinite), "\(what)")
      #expect(found.boxes.count == found.scores.count && found.labels.count == found.scores.count)
    }
  }

  @Test(arguments: cases) func `features that are no numbers give no such detections`(_ c: Golden.Case) throws
  {
    let head = try head(c)
    head.train(false)
    let features = Golden.features(c.config)
    for factor in [Float.nan, .infinity, 1e30] {
      expectFinite(
        try head.detections(features.map { $0 * factor }, Golden.metas, rescale: true, suppress: true),
        c.config)
    }
    // A single bad value.
    let spoilt = features.map { map in
      var values = map.floats
      values[values.count / 3] = .nan
      return Tensor(values, shape: map.shape)
    }
    expectFinite(try head.detections(spoilt, Golden.metas, rescale: true, suppress: true), c.config)
  }

  @Test(arguments: trained) func `maps of one pixel`(_ c: Golden.Case) throws {
    let head = try head(c)
    let features = Golden.features(c.config).map { $0.sliced(2, 0..<1).sliced(3, 0..<1) }
    let message = textOfError {
      expectFinite(try losses(head, features, batch([Box(8, 8, 60, 50)])), c.config)
    }
    // As the original says where anchors that leave the picture do not count.
    #expect(message == "nothing" || message.hasPrefix("no anchor lies within the picture"), "\(c.config)")
    head.train(false)
    guard c.detections != nil else { return }
    expectFinite(try head.detections(features, Golden.metas, rescale: true, suppress: true), c.config)
  }

  @Test(arguments: trained) func `all objects are to be ignored`(_ c: Golden.Case) throws {
    let whole = [Box(0, 0, 128, 96), Box(10, 10, 50, 60)]
    expectFinite(try losses(try head(c), Golden.features(c.config), batch([], ignored: whole)), c.config)
    let own = [Box(10, 10, 50, 60)]
    expectFinite(try losses(try head(c), Golden.features(c.config), batch(own, ignored: whole)), c.config)
  }

  @Test(arguments: trained) func `objects without an area or outside of the picture`(_ c: Golden.Case) throws
  {
    let outside = [Box(-80, -60, -20, -10), Box(500, 400, 700, 600), Box(-500, -400, 900, 800)]
    expectFinite(try losses(try head(c), Golden.features(c.config), batch(outside)), c.config)
    // What a box without an area should become may be no number; it must not stop the program.
    let flat = [
      Box(20, 20, 20, 20), Box(30, 10, 30, 60), Box(10, 40, 90, 40), Box(60, 60, 50, 50), Box(40, 30, 80, 70),
    ]
    let terms = try losses(try head(c), Golden.features(c.config), batch(flat))
    #expect(Array(terms.terms.keys) == c.losses?.map(\.name))
  }

  @Test(arguments: trained) func `ten thousand objects`(_ c: Golden.Case) throws {
    let boxes = (0..<10_000).map { index -> Box in
      let (x, y) = (Float(index % 113), Float(index / 113))
      return Box(x, y, x + 4 + Float(index % 17), y + 3 + Float(index % 23))
    }
    expectFinite(try losses(try head(c), Golden.features(c.config), batch(boxes)), c.config)
  }
}
