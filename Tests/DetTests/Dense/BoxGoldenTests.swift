import Core
import Foundation
import TestSupport
import Testing

@testable import Det

/// Priors, coders, assigners and suppression do what mmdet's and mmcv's do; values: Fixtures/det-dense/make.py.
@Suite("Boxes of dense heads")
struct BoxGoldenTests {
  struct Prior: Decodable, Sendable, CustomTestStringConvertible {
    var config: String
    var sizes: [[Int]]
    var pad: [Int]
    var base, priors: [[Double]]
    var valid: [Int]
    var testDescription: String { config }
  }

  struct Coder: Decodable, Sendable, CustomTestStringConvertible {
    var config: String
    var width: Int
    var encoded, decoded, gradient: [Double]
    var testDescription: String { config }
  }

  struct Assigned: Decodable, Sendable, CustomTestStringConvertible {
    var config, kind, truths: String
    var indices: [Int]
    var labels: [Int]?
    var overlaps: [Double]?
    var testDescription: String { "\(truths) \(config)" }
  }

  struct Kept: Decodable, Sendable, CustomTestStringConvertible {
    var config: String
    var keep: [Int]
    var scores: [Double]
    var testDescription: String { config }
  }

  struct Suppressed: Decodable, Sendable {
    var perclass, factors: Bool
    var dets: [Double]
    var labels, inds: [Int]
  }

  struct Best: Decodable, Sendable, CustomTestStringConvertible {
    var n, k, seed: Int
    var largest: Bool
    var indices: [Int]
    var testDescription: String { "\(k) \(largest ? "largest" : "smallest") of \(n), \(seed)" }
  }

  struct Arrays: Decodable, Sendable { var priors, truths, codes: [Double] }

  struct Input: Decodable, Sendable {
    var boxes, scores: [Double]
    var groups: [Int]
  }

  struct Fixture: Decodable, Sendable {
    var priors: [Prior]
    var coders: [Coder]
    var arrays: Arrays
    var truths: [String: [Double]]
    var ignored: [Double]
    var assigners: [Assigned]
    var nms: [Kept]
    var nms_input: Input
    var multiclass: [Suppressed]
    var topk: [Best]
  }

  static let fixture: Fixture? = try? Formula.json("det-dense/boxes.json")

  @Test func `there are cases`() { #expect(Self.fixture?.assigners.count ?? 0 > 50) }

  // MARK: Priors

  @Test(arguments: fixture?.priors ?? []) func `priors equal the original's`(_ c: Prior) throws {
    let context = formulaContext()
    let generator = try context.registries.anchorGenerators.build(
      configNode(c.config), path: "anchor_generator", context: context)
    let sizes = c.sizes.map { Pair(h: $0[0], w: $0[1]) }
    #expect(generator.baseAnchors.count == c.base.count)
    for (own, expected) in zip(generator.baseAnchors, c.base) {
      expectClose(own.values, expected, relative: 2e-6, absolute: 2e-5, "base")
    }
    for (level, priors) in try generator.priors(sizes: sizes).enumerated() {
      let sums = (0..<4).map { side in
        Float(
          stride(from: side, to: priors.values.count, by: 4).reduce(0.0) { $0 + Double(priors.values[$1]) })
      }
      expectClose(
        sums + priors.values.suffix(4), c.priors[level], relative: 1e-5, absolute: 1e-2, "level \(level)")
      let valid = generator.validFlags(level: level, size: sizes[level], padShape: c.pad).count { $0 }
      #expect(valid == c.valid[level])
    }
  }

  // MARK: Coders

  @Test(arguments: fixture?.coders ?? []) func `coders equal the original's`(_ c: Coder) throws {
    let arrays = try #require(Self.fixture?.arrays)
    let context = formulaContext()
    let coder = try context.registries.boxCoders.build(
      configNode(c.config), path: "bbox_coder", context: context)
    let (priors, truths) = (boxes(arrays.priors), boxes(arrays.truths))
    expectClose(coder.encode(priors, truths), c.encoded, relative: 1e-5, absolute: 2e-6, "encoded")
    let all = Tensor(arrays.codes.map { Float($0) }, shape: [8, 8])
    let codes = all.sliced(1, 0..<c.width).clone().requiringGradient()
    let decoded = coder.decode(priors.tensor, codes, maxShape: Pair(h: 70, w: 80))
    expectClose(decoded, c.decoded, shape: [8, c.width], relative: 1e-5, absolute: 2e-5, "decoded")
    decoded.backward(Tensor((0..<decoded.count).map { Float($0) }, shape: decoded.shape))
    expectClose(try #require(codes.gradient), c.gradient, relative: 2e-5, absolute: 1e-4, "gradient")
  }

  // MARK: Assigners

  private func grid(_ ratios: String) throws -> [Boxes] {
    let context = formulaContext()
    let text =
      ratios == "three"
      ? "dict(type='AnchorGenerator', scales=[3], ratios=[0.5, 1.0, 2.0], strides=[8, 16])"
      : "dict(type='AnchorGenerator', octave_base_scale=4, scales_per_octave=1, ratios=[1.0], strides=[8, 16])"
    let generator = try context.registries.anchorGenerators.build(
      configNode(text), path: "anchor_generator", context: context)
    return try generator.priors(sizes: [12, 6])
  }

  private func shifted(_ boxes: Boxes, _ by: Float) -> Boxes { Boxes(boxes.values.map { $0 + by }) }

  @Test(arguments: fixture?.assigners ?? []) func `assigners equal the original's`(_ c: Assigned) throws {
    let fixture = try #require(Self.fixture)
    let truths = boxes(try #require(fixture.truths[c.truths]))
    let labels = (0..<truths.count).map { $0 % 3 }
    let ignored = boxes(fixture.ignored)
    let three = Boxes(try grid("three").flatMap(\.values))
    let levels = try grid("one")
    let one = Boxes(levels.flatMap(\.values))
    let centers = one.indices.map { one[$0].center }
    let strides = levels.enumerated().flatMap { [Float](repeating: $0 == 0 ? 8 : 16, count: $1.count) }
    let predicted = Boxes(
      zip(one.values, Formula.pattern(one.values.count, seed: 54)).map { $0 + Float($1 * 4) })
    let result: AssignResult
    switch c.kind {
    case "grid":
      result = try assigner(c.config, as: (any BoxAssigner).self).assign(
        three, truths, ignored: ignored, labels: labels)
    case "atss":
      result = try assigner(c.config, as: ATSSAssigner.self).assign(
        shifted(one, 0.37), counts: [144, 36], truths, ignored: ignored, labels: labels)
    case "point":
      result = try assigner(c.config, as: PointAssigner.self).assign(
        centers.flatMap { [$0.x + 0.37, $0.y + 0.37] }, strides: strides, truths, labels: labels)
    case "responsible":
      result = try assigner(c.config, as: GridAssigner.self).assign(
        three, responsible: Formula.pattern(three.count, seed: 51).map { $0 > 0 }, truths, labels: labels)
    case "simota":
      let scores = Formula.pattern(one.count * 3, seed: 53).map { Float($0 * 0.45 + 0.5) }
      let priors = centers.enumerated().flatMap { [$1.x + 4, $1.y + 4, strides[$0], strides[$0]] }
      result = try assigner(c.config, as: SimOTAAssigner.self).assign(
        scores, classes: 3, priors, predicted, truths, labels: labels)
    case "uniform":
      result = try assigner(c.config, as: UniformAssigner.self).assign(predicted, one, truths, labels: labels)
        .0
    case "approx":
      result = try assigner(c.config, as: ApproxMaxIoUAssigner.self).assign(
        approximations: three, perSquare: 3, squares: one, truths, ignored: ignored, labels: labels)
    default:
      result = try assigner(c.config, as: CenterRegionAssigner.self).assign(
        shifted(one, 0.37), truths, ignored: ignored, labels: labels
      ).0
    }
    #expect(result.gtIndices == c.indices)
    #expect(result.labels == c.labels)
    if let overlaps = c.overlaps {
      expectClose(
        result.maxOverlaps.map { max($0, -1e8) }, overlaps, relative: 1e-5, absolute: 1e-6, "overlaps")
    }
  }

  @Test func `ten thousand objects are assigned in a moment`() throws {
    let three = Boxes(try grid("three").flatMap(\.values))
    var truths = Boxes()
    for index in 0..<10000 {
      let (x, y) = (Float(index % 100), Float(index / 100))
      truths.append(Box(x, y, x + 9, y + 9))
    }
    let rule = MaxIoUAssigner(positive: 0.5, negative: 0.4)
    let start = Date()
    let result = rule.assign(three, truths, ignored: Boxes(), labels: nil)
    #expect(Date().timeIntervalSince(start) < 2)
    #expect(result.gtIndices.count == three.count)
    #expect(result.gtIndices.contains { $0 > 0 })
  }

  @Test func `boxes that are no numbers end in no trap`() throws {
    let bad = Boxes([.nan, .nan, .nan, .nan, -.infinity, 0, .infinity, 5, 0, 0, 10, 10])
    let truths = Boxes([0, 0, 10, 10, .nan, 0, 1, 1])
    let result = MaxIoUAssigner(positive: 0.5, negative: 0.4).assign(
      bad, truths, ignored: truths, labels: [0, 1])
    #expect(result.gtIndices[2] == 1)
    let (kept, _) = Suppression(threshold: 0.5)(bad, [.nan, 0.5, 0.2], groups: [0, 1, 2])
    #expect(kept.contains(2))
    _ = try assigner("dict(type='SimOTAAssigner')", as: SimOTAAssigner.self).assign(
      [.nan, 0.5], classes: 2, [1, 1, 8, 8], Boxes([.nan, 0, 5, 5]), Boxes([0, 0, 9, 9]), labels: [1])
  }

  // MARK: Choosing

  @Test(arguments: fixture?.topk ?? []) func `of equal values the same are taken`(_ c: Best) {
    let values = Formula.pattern(c.n, seed: c.seed).map { Float(($0 * 6).rounded(.down)) }
    let own = torchTopK(values, c.k, largest: c.largest)
    #expect(Set(own) == Set(c.indices))
    #expect(own.map { values[$0] } == c.indices.map { values[$0] })
  }

  // MARK: Suppression

  @Test(arguments: fixture?.nms ?? []) func `suppression equals the original's`(_ c: Kept) throws {
    let input = try #require(Self.fixture?.nms_input)
    let suppression = try Suppression(from: configNode(c.config), at: "nms")
    let (kept, scores) = suppression(boxes(input.boxes), input.scores.map { Float($0) }, groups: input.groups)
    // The original sorts without keeping the order of equal scores.
    func canonical(_ indices: [Int]) -> [Int] {
      indices.sorted { (input.scores[$1], $0) < (input.scores[$0], $1) }
    }
    if c.config.contains("soft_nms") {
      #expect(kept.sorted() == c.keep.sorted())
    } else {
      #expect(canonical(kept) == canonical(c.keep))
    }
    expectClose(scores, c.scores, relative: 1e-5, absolute: 1e-6, "scores")
  }

  @Test(arguments: fixture?.multiclass ?? []) func `suppression by class equals the original's`(
    _ c: Suppressed
  ) throws {
    let input = try #require(Self.fixture?.nms_input)
    let b = Tensor(input.boxes.map { Float($0) }, shape: [60, 4])
    let all = c.perclass ? Tensor.concatenate([b, b + 3, b * 1.1], axis: 1) : b
    let scores = Tensor(Formula.pattern(240, seed: 63).map { Float($0 * 0.5 + 0.5) }, shape: [60, 4])
    let factors = c.factors ? Formula.pattern(60, seed: 64).map { Float($0 * 0.5 + 0.5) } : nil
    let (found, pairs) = suppressByClass(
      all, scores, threshold: 0.6, Suppression(threshold: 0.4), limit: 20, factors: factors)
    #expect(found.labels == c.labels)
    #expect(pairs == c.inds)
    let rows = (0..<found.count).flatMap { i -> [Float] in
      let box = found.boxes[i]
      return [box.x1, box.y1, box.x2, box.y2, found.scores[i]]
    }
    expectClose(rows, c.dets, relative: 1e-5, absolute: 1e-4, "detections")
  }

  static let errors: [(String, String)] = [
    ("dict(type='nms')", "missing required key 'iou_threshold'"),
    ("dict(type='matrix_nms', iou_threshold=0.5)", "'matrix_nms' is not in the suppression registry"),
    ("dict(type='nms', iou_threshold=0.5, offset=2)", "nms.offset: must be 0 or 1, found 2.0"),
  ]

  @Test(arguments: errors) func `a wrong option of suppression is named`(_ text: String, _ expected: String) {
    let message = textOfError { _ = try Suppression(from: configNode(text), at: "nms") }
    #expect(message.contains(expected), "\(message)")
  }
}
