import Core
import Testing

@testable import Seg

/// Pipelines without randomness give mmseg's bytes; values: Fixtures/seg-transforms/make.py.
@Suite struct TransformGoldenTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var image, pipeline: String
    var picture, labels: DescribedImage
    var testDescription: String { "\(image) \(pipeline)" }
  }
  struct View: Decodable, Sendable {
    var shape: [Int]
    var kind, hash, direction: String
    var flip: Bool
  }
  struct Views: Decodable, Sendable {
    var pipeline: String
    var views: [View]
  }
  struct Colors: Decodable, Sendable {
    var brightness, contrast, saturation: Double?
    var first: Bool
    var hue: Int?
    var hash: String
  }
  struct Mosaic: Decodable, Sendable {
    var height, width: Int
    var ratio: Double
    var picture, labels: DescribedImage
  }
  struct File: Decodable, Sendable {
    var cases: [Case]
    var mapped: DescribedImage
    var views: [Views]
    var colors: [Colors]
    var mosaics: [Mosaic]
  }

  static let file: File? = try? DataGolden.json("seg-transforms/cases.json")
  static let labelFiles = ["wide.png": "wide_labels.png", "high.jpg": "high_labels.png"]

  static func sample(_ image: String) -> Sample {
    let folder = DataGolden.path("seg-transforms")
    var sample = Sample(file: SampleFile(prefix: folder, name: image))
    sample.labelFile = labelFiles[image].map { SampleFile(prefix: folder, name: $0) }
    return sample
  }

  static func loaded(_ image: String) throws -> Sample {
    var (sample, generator) = (sample(image), RandomGenerator(seed: 0))
    _ = try dataPipeline("[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]")
      .apply(&sample, using: &generator)
    return sample
  }

  @Test func `there are cases`() throws {
    #expect((Self.file?.cases.count ?? 0) > 80)
  }

  @Test(arguments: file?.cases ?? []) func `picture and label map equal the original's to the bit`(_ c: Case)
    throws
  {
    var (sample, generator) = (Self.sample(c.image), RandomGenerator(seed: 0))
    #expect(try dataPipeline(c.pipeline).apply(&sample, using: &generator))
    let image = DescribedImage(try #require(sample.image))
    // Resized pictures of floats differ in the last digit, as OpenCV's own builds do from each other.
    if !c.pipeline.contains("to_float32=True") { #expect(image == c.picture) }
    #expect(DescribedImage(try #require(sample.labels)) == c.labels)
  }

  @Test func `classes chosen anew`() throws {
    let file = try #require(Self.file)
    var (sample, generator) = (Self.sample("wide.png"), RandomGenerator(seed: 0))
    var table = (0...255).map { UInt8($0) }
    table.replaceSubrange(0..<7, with: [255, 0, 255, 2, 1, 255, 3])
    sample.labelRules = LabelRules(mapping: table, classCount: 4, ignoreIndex: 255)
    _ = try dataPipeline("[dict(type='LoadAnnotations')]").apply(&sample, using: &generator)
    #expect(DescribedImage(try #require(sample.labels)) == file.mapped)
  }

  @Test func `views of test-time augmentation`() throws {
    for item in try #require(Self.file).views {
      var (sample, generator) = (Self.sample("wide.png"), RandomGenerator(seed: 0))
      #expect(try dataPipeline(item.pipeline).apply(&sample, using: &generator))
      let views: [Sample] = sample.views ?? []
      #expect(views.count == item.views.count)
      for (view, expected) in zip(views, item.views) {
        #expect(
          DescribedImage(try #require(view.image))
            == DescribedImage(shape: expected.shape, kind: expected.kind, hash: expected.hash))
        #expect(view.meta.isFlipped == expected.flip && view.meta.flipDirection == expected.direction)
        #expect(view.meta.originalShape == [29, 41, 3])
      }
    }
  }

  @Test func `colours for given numbers`() throws {
    let loaded = try Self.loaded("wide.png")
    let image = try #require(loaded.image)
    for item in try #require(Self.file).colors {
      let steps = PhotoMetricDistortion.Steps(
        brightness: item.brightness, contrast: item.contrast, saturation: item.saturation, hue: item.hue,
        contrastComesFirst: item.first)
      #expect(DescribedImage(steps.applied(to: image)).hash == item.hash, "\(item)")
    }
  }

  @Test func `four pictures around a given point`() throws {
    for item in try #require(Self.file).mosaics {
      var (sample, generator) = (try Self.loaded("wide.png"), RandomGenerator(seed: 0))
      sample.mixed = try ["high.jpg", "wide.png", "high.jpg"].map { try Self.loaded($0) }
      let mosaic = try dataPipeline(
        "[dict(type='RandomMosaic', prob=1, img_scale=(\(item.height), \(item.width)), pad_val=9, seg_pad_val=3, "
          + "center_ratio_range=(\(item.ratio), \(item.ratio)))]")
      #expect(try mosaic.apply(&sample, using: &generator))
      #expect(DescribedImage(try #require(sample.image)) == item.picture)
      #expect(DescribedImage(try #require(sample.labels)) == item.labels)
    }
  }
}
