import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing

@testable import Cls

/// Pipelines without randomness give mmcls's bytes; values: Fixtures/cls-transforms/make.py.
@Suite struct TransformGoldenTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var image, pipeline, kind, hash: String
    var shape: [Int]
    var testDescription: String { "\(image) \(pipeline)" }
  }

  static let cases: [Case] = (try? Golden.json("cls-transforms/cases.json")) ?? []

  @Test func `there are cases`() { #expect(Self.cases.count > 70) }

  @Test(arguments: cases) func `equals the original to the bit`(_ c: Case) throws {
    var generator = RandomGenerator(seed: 0)
    var sample = Sample(file: SampleFile(prefix: Golden.path("cls-transforms"), name: c.image))
    let kept = try pipeline(c.pipeline).apply(&sample, using: &generator)
    let image = try #require(sample.image)
    #expect(kept)
    #expect([image.height, image.width, image.channels] == c.shape)
    #expect(image.isFloat == (c.kind == "float32"))
    #expect(sample.meta.imageShape == c.shape)
    switch image.pixels {
    case .u8(let bytes): #expect(Golden.hash(bytes) == c.hash)
    case .f32(let floats): #expect(floats.withUnsafeBytes { Golden.hash($0) } == c.hash)
    }
  }
}
