import Core

/// One picture to be segmented, in one or several views, and what its prediction is measured against.
struct TestPicture: TrainingBatch, Sendable {
  /// Of one picture each.
  var views: [HostSegmentationBatch]
  /// `nil` where nothing is measured.
  var truth: GroundTruth?

  init(_ samples: [Sample]) throws {
    guard samples.count == 1, let sample = samples.first else {
      throw DataError("pictures are tested one at a time, found \(samples.count)")
    }
    views = try (sample.views ?? [sample]).map { try HostSegmentationBatch([$0]) }
    truth = sample.truth
  }

  /// The first view as a picture of bytes in the size that the file has: what results are painted on.
  func picture() -> Image {
    let (batch, meta) = (views[0].images, views[0].metas[0])
    let image = Image(
      width: batch.width, height: batch.height, channels: batch.channels, floats: batch.pixels)
    func numbers(_ values: [Float]) -> [Double] {
      (0..<batch.channels).map { Double(values[values.count == 1 ? 0 : min($0, values.count - 1)]) }
    }
    let plain = image.denormalized(
      mean: numbers(meta.normalization.mean), std: numbers(meta.normalization.std),
      toBGR: meta.normalization.toRGB
    ).cutToBytes()
    let part = plain.cropped(
      x: 0, y: 0, width: min(meta.imageShape[1], plain.width), height: min(meta.imageShape[0], plain.height))
    let colored = part.channels == 1 ? part.grayToBGR() : part
    return colored.resized(width: meta.originalShape[1], height: meta.originalShape[0])
  }
}

/// A data set for testing: each sample brings the label map that its prediction is measured against.
final class TestingDataset: Dataset {
  let dataset: any Dataset
  private let readsTruth: Bool

  init(_ dataset: any Dataset, readsTruth: Bool) { (self.dataset, self.readsTruth) = (dataset, readsTruth) }

  var count: Int { dataset.count }
  var classNames: [String]? { dataset.classNames }

  func categories(at index: Int) -> [Int] { dataset.categories(at: index) }

  func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    guard var sample = try dataset.sample(at: index, using: &generator) else {
      throw DataError("a step of the test pipeline dropped picture \(index); all pictures are to be tested")
    }
    if readsTruth {
      let (origin, local) = try dataset.origin(of: index)
      sample.truth = try origin.groundTruth(at: local)
    }
    return sample
  }
}
