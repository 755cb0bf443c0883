import Core

/// Cuts the same part out of picture and label map, at a random place. Mirrors mmseg's `RandomCrop`.
///
/// A side that is shorter than the part stays as it is. With `cat_max_ratio` below 1, up to ten places are tried until
/// no class covers so large a share of the labelled pixels.
public struct RandomCrop: Transform, ConfigRecord {
  public var size: Pair
  public var maxCategoryShare: Double
  public var ignoreIndex: Int

  public init(from reader: inout ConfigReader) throws {
    size = try reader.value("crop_size")
    guard (1...65536).contains(size.h), (1...65536).contains(size.w) else {
      throw reader.invalid("must be in 1...65536, found \(size)", key: "crop_size")
    }
    maxCategoryShare = try reader.value("cat_max_ratio", default: 1)
    ignoreIndex = try reader.value("ignore_index", default: 255)
  }

  private struct Box {
    var x, y, width, height: Int
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomCrop")
    try sample.checkLabelSize(by: "RandomCrop")
    var box = self.box(image, using: &generator)
    if maxCategoryShare < 1 {
      guard let labels = sample.labels else {
        throw DataError(
          "RandomCrop: cat_max_ratio needs a label map; put LoadAnnotations before it",
          file: sample.file?.path)
      }
      for _ in 0..<10 where !isVaried(labels, box) { box = self.box(image, using: &generator) }
    }
    sample.replaceImage(image.cropped(x: box.x, y: box.y, width: box.width, height: box.height))
    sample.labels = sample.labels?.cropped(x: box.x, y: box.y, width: box.width, height: box.height)
    return true
  }

  private func box(_ image: Image, using generator: inout RandomGenerator) -> Box {
    let (height, width) = (min(size.h, image.height), min(size.w, image.width))
    let y = generator.integer(0..<(image.height - height + 1))
    let x = generator.integer(0..<(image.width - width + 1))
    return Box(x: x, y: y, width: width, height: height)
  }

  /// Whether the part shows more than one class, none of them too large.
  private func isVaried(_ labels: Image, _ box: Box) -> Bool {
    let part = labels.cropped(x: box.x, y: box.y, width: box.width, height: box.height)
    var counts = part.histograms("RandomCrop")[0]
    if counts.indices.contains(ignoreIndex) { counts[ignoreIndex] = 0 }
    let total = counts.reduce(0, +)
    guard counts.count(where: { $0 > 0 }) > 1, let largest = counts.max() else { return false }
    return Double(largest) / Double(total) < maxCategoryShare
  }
}
