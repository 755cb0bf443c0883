import Core

/// The mean of a picture and another one, resized, mirrored and cut at random.
///
/// Ge et al., 2021 (<https://arxiv.org/abs/2107.08430>). Mirrors mmdet's `MixUp`.
public struct MixUp: MixingTransform, ConfigRecord {
  public var size: Pair
  public var ratio: ClosedRange<Double>
  public var flipProbability: Double
  public var color: Double
  /// How often a picture with objects is looked for.
  public var maxTries: Int
  let candidates: BoxCandidates
  public var clipsBoxes, skipsFilter: Bool

  public init(from reader: inout ConfigReader) throws {
    size = try reader.size("img_scale", default: Pair(640))
    guard size.h <= 8192, size.w <= 8192 else {
      throw reader.invalid("must be at most 8192, found \(size)", key: "img_scale")
    }
    ratio = try reader.range("ratio_range", default: 0.5...1.5, within: 0.001...16)
    flipProbability = try reader.share("flip_ratio", default: 0.5)
    color = try reader.value("pad_val", default: 114)
    maxTries = try reader.value("max_iters", default: 15)
    guard (1...10_000).contains(maxTries) else {
      throw reader.invalid("must be in 1...10000, found \(maxTries)", key: "max_iters")
    }
    candidates = BoxCandidates(
      minSize: try reader.value("min_bbox_size", default: 5),
      minAreaRatio: try reader.value("min_area_ratio", default: 0.2),
      maxAspectRatio: try reader.value("max_aspect_ratio", default: 20))
    clipsBoxes = try reader.value("bbox_clip_border", default: true)
    skipsFilter = try reader.value("skip_filter", default: true)
  }

  func choose(from dataset: any Dataset, using generator: inout RandomGenerator) throws -> [Int] {
    var index = 0
    for _ in 0..<maxTries {
      index = generator.integer(0..<dataset.count)
      if !dataset.categories(at: index).isEmpty { break }
    }
    return [index]
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let other = try sample.requireOthers(1, "MixUp")[0]
    let given = try other.requireObjects("MixUp")
    guard !given.boxes.isEmpty else { return true }
    let image = try sample.requireImage("MixUp")
    var mixed = try other.requireImage("MixUp")
    guard image.channels == mixed.channels, !image.isFloat, !mixed.isFloat else {
      throw DataError("MixUp: both pictures must be of bytes and of as many channels", file: other.file?.path)
    }
    let factor = generator.uniform(ratio.lowerBound, ratio.upperBound)
    let isFlipped = generator.uniform() < flipProbability
    var scale = min(Double(size.h) / Double(mixed.height), Double(size.w) / Double(mixed.width))
    mixed = mixed.resized(
      width: max(1, Int(Double(mixed.width) * scale)), height: max(1, Int(Double(mixed.height) * scale)))
    mixed = mixed.padded(
      toWidth: size.w, height: size.h, value: [Double](repeating: color, count: mixed.channels))
    scale *= factor
    mixed = mixed.resized(
      width: max(1, Int(Double(size.w) * factor)), height: max(1, Int(Double(size.h) * factor)))
    if isFlipped { mixed = mixed.flipped(.horizontal) }
    let (width, height) = (Float(mixed.width), Float(mixed.height))
    let padded = mixed.padded(toWidth: image.width, height: image.height)
    // As the original's, the last possible place is never drawn.
    let x = padded.width > image.width ? generator.integer(0..<(padded.width - image.width)) : 0
    let y = padded.height > image.height ? generator.integer(0..<(padded.height - image.height)) : 0
    let part = padded.cropped(x: x, y: y, width: image.width, height: image.height)

    let (targetWidth, targetHeight) = (Float(image.width), Float(image.height))
    var (boxes, labels) = try sample.requireObjects("MixUp")
    for (index, label) in given.labels.enumerated() {
      var box = given.boxes[index]
      let s = Float(scale)
      box = Box(box.x1 * s, box.y1 * s, box.x2 * s, box.y2 * s)
      if clipsBoxes { box = box.clipped(width: width, height: height) }
      if isFlipped { (box.x1, box.x2) = (width - box.x2, width - box.x1) }
      var cut = box.moved(x: -Float(x), y: -Float(y))
      if clipsBoxes { cut = cut.clipped(width: targetWidth, height: targetHeight) }
      guard skipsFilter || candidates.keeps(box, cut) else { continue }
      boxes.append(cut)
      labels.append(label)
    }
    sample.replaceImage(image.mean(with: part))
    sample.detection.boxes = boxes
    sample.detection.labels = labels
    sample.detection.moveBoxes { $0.touches(height: targetHeight, width: targetWidth) ? $0 : nil }
    return true
  }
}

extension Image {
  /// The mean of two pictures of bytes; halves are rounded down.
  func mean(with other: Image) -> Image {
    guard case .u8(var samples) = pixels, case .u8(let others) = other.pixels else { return self }
    for index in samples.indices { samples[index] = UInt8((Int(samples[index]) + Int(others[index])) / 2) }
    return Image(width: width, height: height, channels: channels, bytes: samples)
  }
}
