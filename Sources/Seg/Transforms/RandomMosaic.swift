import Core

/// Puts four pictures together around a random point. Mirrors mmseg's `RandomMosaic`.
///
/// Bochkovskiy et al., 2020 (<https://arxiv.org/abs/2004.10934>). For `MultiImageMixDataset`.
public struct RandomMosaic: MixingTransform, ConfigRecord {
  public var probability: Double
  /// Height and width of a quarter.
  public var size: Pair
  public var centerRatios: ClosedRange<Double>
  public var value: Double
  public var labelValue: Int

  public init(from reader: inout ConfigReader) throws {
    probability = try reader.value("prob")
    guard (0...1).contains(probability) else {
      throw reader.invalid("must be in 0...1, found \(probability)", key: "prob")
    }
    size = try reader.value("img_scale", default: Pair(640))
    guard (1...16384).contains(size.h), (1...16384).contains(size.w) else {
      throw reader.invalid("must be in 1...16384, found \(size)", key: "img_scale")
    }
    let ratios = try reader.value("center_ratio_range", default: [0.5, 1.5])
    guard ratios.count == 2, ratios[0] >= 0, ratios[0] <= ratios[1], ratios[1] <= 2 else {
      throw reader.invalid(
        "must be (min, max), ordered and in 0...2, found \(ratios)", key: "center_ratio_range")
    }
    centerRatios = ratios[0]...ratios[1]
    value = try reader.value("pad_val", default: 0)
    labelValue = try reader.value("seg_pad_val", default: 255)
    guard (0...255).contains(value) else {
      throw reader.invalid("must be in 0...255, found \(value)", key: "pad_val")
    }
    guard (0...255).contains(labelValue) else {
      throw reader.invalid("must be in 0...255, found \(labelValue)", key: "seg_pad_val")
    }
  }

  func partners(of count: Int, using generator: inout RandomGenerator) -> [Int] {
    (0..<3).map { _ in generator.integer(0..<count) }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let first = try sample.requireImage("RandomMosaic")
    guard generator.uniform() < probability else { return true }
    guard let mixed = sample.mixed, mixed.count == 3 else {
      throw DataError(
        "RandomMosaic: works in the pipeline of a MultiImageMixDataset only", file: sample.file?.path)
    }
    let x = Int(generator.uniform(centerRatios.lowerBound, centerRatios.upperBound) * Double(size.w))
    let y = Int(generator.uniform(centerRatios.lowerBound, centerRatios.upperBound) * Double(size.h))
    let parts = [sample] + mixed
    let images = try parts.map { try $0.requireImage("RandomMosaic") }
    guard images.allSatisfy({ $0.channels == 3 && $0.isFloat == first.isFloat }) else {
      throw DataError("RandomMosaic: four pictures of three channels of one kind", file: sample.file?.path)
    }
    var canvas = Image(width: 2 * size.w, height: 2 * size.h, channels: 3, filledWith: UInt8(value))
    if first.isFloat { canvas = canvas.toFloat() }
    let image = try joined(images, canvas, x, y, .bilinear, sample.file)
    if sample.labels != nil {
      let labels = parts.compactMap(\.labels)
      guard labels.count == 4 else {
        throw DataError(
          "RandomMosaic: all of the pictures, or none, must have label maps", file: sample.file?.path)
      }
      let canvas = Image(width: 2 * size.w, height: 2 * size.h, channels: 1, filledWith: UInt8(labelValue))
      sample.labels = try joined(labels, canvas, x, y, .nearest, sample.labelFile)
    }
    sample.replaceImage(image)
    sample.meta.originalShape = sample.meta.imageShape
    return true
  }

  /// - Parameters: `x`, `y`: the point in which the four meet.
  private func joined(
    _ parts: [Image], _ canvas: Image, _ x: Int, _ y: Int, _ interpolation: Interpolation, _ file: SampleFile?
  ) throws -> Image {
    var canvas = canvas
    for (index, part) in parts.enumerated() {
      let ratio = min(Double(size.h) / Double(part.height), Double(size.w) / Double(part.width))
      let (width, height) = (Int(Double(part.width) * ratio), Int(Double(part.height) * ratio))
      guard width > 0, height > 0 else {
        throw DataError("RandomMosaic: a picture is too narrow to be shrunk", file: file?.path)
      }
      let small = try part.resized(
        width: width, height: height, interpolation, .cv2, of: file, by: "RandomMosaic")
      // Left ones end at x, right ones begin there; so above and below y.
      let (isRight, isLower) = (index % 2 == 1, index >= 2)
      let columns = isRight ? min(width, 2 * size.w - x) : min(width, x)
      let rows = isLower ? min(height, 2 * size.h - y) : min(height, y)
      guard columns > 0, rows > 0 else { continue }
      canvas.paste(
        small.cropped(
          x: isRight ? 0 : width - columns, y: isLower ? 0 : height - rows, width: columns, height: rows),
        x: isRight ? x : x - columns, y: isLower ? y : y - rows)
    }
    return canvas
  }
}

extension Image {
  /// Replaces what lies below `part`, an image of the same kind that fits in.
  fileprivate mutating func paste(_ part: Image, x: Int, y: Int) {
    func rows<Sample>(_ target: inout [Sample], _ source: [Sample]) {
      for row in 0..<part.height {
        let start = ((y + row) * width + x) * channels
        target.replaceSubrange(
          start..<(start + part.width * channels),
          with: source[(row * part.width * channels)..<((row + 1) * part.width * channels)])
      }
    }
    switch (pixels, part.pixels) {
    case (.u8(var target), .u8(let source)):
      rows(&target, source)
      pixels = .u8(target)
    case (.f32(var target), .f32(let source)):
      rows(&target, source)
      pixels = .f32(target)
    default: preconditionFailure("Image.paste: both must be of one kind of samples")
    }
  }
}
