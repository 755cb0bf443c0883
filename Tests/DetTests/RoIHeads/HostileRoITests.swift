import Core
import OrderedCollections
import Testing
import TestSupport

@testable import Det

/// Second stages given what no first stage or data set should give: they answer, and never with what is no number.
extension RoIHeadTests {
  static let all = fixture?.cases ?? []

  private func head(_ golden: Case) throws -> any RoIHead {
    let head = try build(golden.config)
    Formula.fill(head)
    (head as? GridRoIHead)?.jitters = false
    return head
  }

  private func features(_ golden: Case, sides: [Int]? = nil) -> [Tensor] {
    golden.sizes.enumerated().map { Formula.tensor([2, golden.channels] + (sides ?? $1), seed: 1000 + $0) }
  }

  /// Both pictures with the same objects and masks of the golden's kind.
  private func batch(_ golden: Case, _ boxes: [Box], ignored: [Box] = []) throws -> DetectionBatch {
    var batch = batch(try #require(Self.fixture), golden.kind)
    var truth = GroundTruth()
    (truth.boxes, truth.labels, truth.ignoredBoxes) = (
      Boxes(boxes), boxes.indices.map { $0 % 3 }, Boxes(ignored)
    )
    // Shapes of bitmaps would be large for many objects.
    let kind = golden.kind == "tests only" || golden.kind == "bitmaps" ? "polygons" : golden.kind
    truth.masks = masks(boxes.map { [$0.x1, $0.y1, $0.x2, $0.y2] }, kind)
    batch.truths = [truth, truth]
    return batch
  }

  private func proposals(_ boxes: [Box]) -> [Proposals] {
    let one = Proposals(boxes: Boxes(boxes), scores: boxes.map { _ in 1 })
    return [one, one]
  }

  private func train(_ golden: Case, _ boxes: [Box], _ batch: DetectionBatch, sides: [Int]? = nil) throws
    -> LossTerms
  {
    let head = try head(golden)
    head.train()
    let terms = try head.losses(features(golden, sides: sides), proposals(boxes), batch)
    let loss = terms.total().loss
    if loss.requiresGradient { loss.backward() }
    return terms
  }

  private func expectFinite(_ terms: LossTerms, _ what: String) {
    for (name, parts) in terms.terms {
      #expect(parts.allSatisfy { $0.detached().floats.allSatisfy(\.isFinite) }, "\(name) of \(what)")
    }
  }

  private func test(_ golden: Case, _ boxes: [Box], sides: [Int]? = nil, factor: Float = 1) throws {
    let head = try head(golden)
    head.train(false)
    let features = features(golden, sides: sides).map { $0 * factor }
    let found = try withoutGradient {
      try head.detections(features, proposals(boxes), [meta(), meta()], rescale: true)
    }
    for found in found {
      #expect(found.boxes.values.allSatisfy(\.isFinite) && found.scores.allSatisfy(\.isFinite), "\(golden)")
      #expect(found.masks == nil || found.masks?.count == found.count)
    }
  }

  private static let usual = [
    Box(8, 10, 60, 50), Box(70, 20, 120, 90), Box(9, 12, 58, 52), Box(30, 55, 62, 92),
  ]
  /// Of no area, turned round, outside of the picture, huge, and no numbers at all.
  private static let odd = [
    Box(20, 20, 20, 20), Box(60, 60, 50, 50), Box(-900, -800, -100, -90), Box(5000, 4000, 9000, 7000),
    Box(-1e6, -1e6, 1e6, 1e6), Box(.nan, 0, 10, 10), Box(0, 0, .infinity, 10), Box(3, 4, 30, 40),
  ]

  @Test(arguments: all) func `no objects and no proposals`(_ golden: Case) throws {
    expectFinite(try train(golden, Self.usual, try batch(golden, [])), "no objects: \(golden)")
    expectFinite(
      try train(golden, [], try batch(golden, Array(Self.usual.prefix(2)))), "no proposals: \(golden)")
    try test(golden, [])
  }

  @Test(arguments: all) func `maps of one pixel`(_ golden: Case) throws {
    guard golden.kind != "semantic" else { return try test(golden, Self.usual, sides: [1, 1]) }
    expectFinite(
      try train(golden, Self.usual, try batch(golden, Array(Self.usual.prefix(2))), sides: [1, 1]),
      "\(golden)")
    try test(golden, Self.usual, sides: [1, 1])
  }

  @Test(arguments: all) func `all objects are to be ignored`(_ golden: Case) throws {
    expectFinite(try train(golden, Self.usual, try batch(golden, [], ignored: Self.usual)), "\(golden)")
  }

  @Test(arguments: all) func `odd proposals`(_ golden: Case) throws {
    try test(golden, Self.odd)
    // Losses may be no numbers; they must not stop the program.
    let terms = try train(golden, Self.odd, try batch(golden, Array(Self.usual.prefix(2))))
    #expect(!terms.terms.isEmpty)
  }

  @Test(arguments: all) func `odd objects`(_ golden: Case) throws {
    let outside = [Box(-80, -60, -20, -10), Box(500, 400, 700, 600), Box(-500, -400, 900, 800)]
    expectFinite(try train(golden, Self.usual, try batch(golden, outside)), "\(golden)")
    let flat = [Box(20, 20, 20, 20), Box(30, 10, 30, 60), Box(10, 40, 90, 40)]
    #expect(!(try train(golden, Self.usual, try batch(golden, flat))).terms.isEmpty)
  }

  @Test(arguments: all) func `features that are no numbers`(_ golden: Case) throws {
    for factor in [Float.nan, .infinity, 1e30] { try test(golden, Self.usual, factor: factor) }
  }

  @Test func `ten thousand objects`() throws {
    let boxes = (0..<10_000).map { index -> Box in
      let (x, y) = (Float(index % 113), Float(index / 113))
      return Box(x, y, x + 14 + Float(index % 7), y + 12 + Float(index % 13))
    }
    for golden in Self.all where ["", "polygons"].contains(golden.kind) {
      expectFinite(try train(golden, Self.usual, try batch(golden, boxes)), "\(golden)")
    }
  }
}
