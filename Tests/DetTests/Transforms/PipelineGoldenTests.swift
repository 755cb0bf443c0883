import Core
import Foundation
import Testing

@testable import Det

/// Pipelines without randomness give mmdet's pictures, boxes and masks; values: Fixtures/det-data/make.py.
@Suite struct PipelineGoldenTests {
  struct View: Decodable, Sendable {
    var image, kind: String
    var shape, imageShape, padShape: [Int]
    var scaleFactor, border: [Float]?
    var flip: String?
    var boxes, ignored: [[Float]]
    var labels: [Int]
    var maskSize, mapSize: [Int]?
    var masks: [String]?
    var polygons: [[[Double]]]?
    var map: String?
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var picture: Int
    var pipeline: String
    var views: [View]
    var testDescription: String { "\(picture) \(pipeline)" }
  }

  static let cases: [Case] = (try? Formula.json("det-data/pipelines.json")) ?? []

  @Test func `there are cases`() { #expect(Self.cases.count > 150) }

  @Test(arguments: cases) func `equals the original`(_ c: Case) throws {
    let dataset = try detectionDataset(CocoDatasetTests.config("filter_empty_gt=False", pipeline: c.pipeline))
    var generator = RandomGenerator(seed: 0)
    let sample = try #require(try dataset.sample(at: c.picture, using: &generator))
    let views = sample.views ?? [sample]
    #expect(views.count == c.views.count)
    for (view, expected) in zip(views, c.views) { try compare(view, expected) }
  }

  private func compare(_ view: Sample, _ expected: View) throws {
    let image = try #require(view.image)
    #expect([image.height, image.width, image.channels] == expected.shape)
    #expect(image.isFloat == (expected.kind == "float32"))
    #expect(fnv(image) == expected.image)
    #expect(view.meta.imageShape == expected.imageShape)
    if expected.padShape != [0, 0, 0] { #expect(view.meta.padShape == expected.padShape) }
    if let factor = expected.scaleFactor { #expect(view.meta.scaleFactor == factor) }
    if let flip = expected.flip { #expect((view.meta.isFlipped ? view.meta.flipDirection : "") == flip) }
    #expect(view.meta.border == expected.border)
    let fields = view.detection
    close(fields.boxes?.rows, expected.boxes)
    close(fields.ignoredBoxes?.rows, expected.ignored)
    #expect(fields.labels == expected.labels)
    #expect(fields.masks.map { [$0.height, $0.width] } == expected.maskSize)
    switch fields.masks?.shapes {
    case .bitmaps(let maps): #expect(maps.map { fnv($0) } == expected.masks)
    case .polygons(let objects):
      let (found, wanted) = (objects.joined().joined(), (expected.polygons ?? []).joined().joined())
      #expect(found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-9 })
    case nil: #expect(expected.maskSize == nil)
    }
    #expect(fields.semanticMap.map { fnv($0) } == expected.map)
    #expect(fields.semanticMap.map { [$0.height, $0.width] } == expected.mapSize)
  }

  /// Equal but for the order of additions in products of matrices.
  private func close(_ found: [[Float]]?, _ expected: [[Float]]) {
    #expect(found?.count == expected.count)
    for (a, b) in zip(found ?? [], expected) {
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 2e-6 * max(1, abs($1)) }, "\(a) \(b)")
    }
  }
}
