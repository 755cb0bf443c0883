import Core

/// Four pictures around a random point of one that is twice as large.
///
/// Bochkovskiy et al., 2020 (<https://arxiv.org/abs/2004.10934>). Mirrors mmdet's `Mosaic`.
public struct Mosaic: MixingTransform, ConfigRecord {
  /// Of one quarter.
  public var size: Pair
  public var centerRange: ClosedRange<Double>
  public var minBoxSize: Float
  public var clipsBoxes, skipsFilter: Bool
  public var color: Double
  public var probability: Double

  public init(from reader: inout ConfigReader) throws {
    size = try reader.size("img_scale", default: Pair(640))
    guard size.h <= 8192, size.w <= 8192 else {
      throw reader.invalid("must be at most 8192, found \(size)", key: "img_scale")
    }
    centerRange = try reader.range("center_ratio_range", default: 0.5...1.5, within: 0...2)
    minBoxSize = try reader.value("min_bbox_size", default: 0)
    clipsBoxes = try reader.value("bbox_clip_border", default: true)
    skipsFilter = try reader.value("skip_filter", default: true)
    color = try reader.value("pad_val", default: 114)
    probability = try reader.share("prob", default: 1)
  }

  func choose(from dataset: any Dataset, using generator: inout RandomGenerator) -> [Int] {
    (0..<3).map { _ in generator.integer(0..<dataset.count) }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    if generator.uniform() > probability { return true }
    let parts = [sample] + (try sample.requireOthers(3, "Mosaic"))
    let first = try sample.requireImage("Mosaic")
    let (height, width) = (2 * size.h, 2 * size.w)
    let centerX = Int(generator.uniform(centerRange.lowerBound, centerRange.upperBound) * Double(size.w))
    let centerY = Int(generator.uniform(centerRange.lowerBound, centerRange.upperBound) * Double(size.h))
    var canvas = Image(
      width: width, height: height, channels: first.channels, filledWith: UInt8(min(max(color, 0), 255)))
    if first.isFloat { canvas = canvas.toFloat() }
    var (boxes, labels) = (Boxes(), [Int]())
    for (index, part) in parts.enumerated() {
      let image = try part.requireImage("Mosaic")
      guard image.channels == first.channels, image.isFloat == first.isFloat else {
        throw DataError("Mosaic: pictures must be of one kind, found others", file: part.file?.path)
      }
      let ratio = min(Double(size.h) / Double(image.height), Double(size.w) / Double(image.width))
      let resized = image.resized(
        width: max(1, Int(Double(image.width) * ratio)), height: max(1, Int(Double(image.height) * ratio)))
      // Left and upper parts end at the centre, right and lower ones begin there.
      let (isRight, isLower) = (index % 2 == 1, index >= 2)
      let x1 = isRight ? centerX : max(centerX - resized.width, 0)
      let y1 = isLower ? centerY : max(centerY - resized.height, 0)
      let x2 = isRight ? min(centerX + resized.width, width) : centerX
      let y2 = isLower ? min(centerY + resized.height, height) : centerY
      let fromX = isRight ? 0 : resized.width - (x2 - x1)
      let fromY = isLower ? 0 : resized.height - (y2 - y1)
      if x2 > x1, y2 > y1 {
        canvas = canvas.pasting(
          resized.cropped(x: fromX, y: fromY, width: x2 - x1, height: y2 - y1), x: x1, y: y1)
      }
      let objects = try part.requireObjects("Mosaic")
      let (dx, dy, scale) = (Float(x1 - fromX), Float(y1 - fromY), Float(ratio))
      for object in objects.boxes.indices {
        let box = objects.boxes[object]
        boxes.append(Box(scale * box.x1 + dx, scale * box.y1 + dy, scale * box.x2 + dx, scale * box.y2 + dy))
      }
      labels += objects.labels
    }
    sample.replaceImage(canvas)
    sample.detection.boxes = boxes
    sample.detection.labels = labels
    let (w, h, clips, filters, least) = (Float(width), Float(height), clipsBoxes, !skipsFilter, minBoxSize)
    sample.detection.moveBoxes { box in
      let box = clips ? box.clipped(width: w, height: h) : box
      if filters, !(box.width > least && box.height > least) { return nil }
      return box.touches(height: h, width: w) ? box : nil
    }
    return true
  }
}

extension Image {
  /// Another picture of the same kind laid over this one.
  func pasting(_ other: Image, x: Int, y: Int) -> Image {
    switch (pixels, other.pixels) {
    case (.u8(var target), .u8(let source)):
      for row in 0..<other.height {
        let (to, from, count) = (
          ((y + row) * width + x) * channels, row * other.width * channels, other.width * channels
        )
        target.replaceSubrange(to..<(to + count), with: source[from..<(from + count)])
      }
      return Image(width: width, height: height, channels: channels, bytes: target)
    case (.f32(var target), .f32(let source)):
      for row in 0..<other.height {
        let (to, from, count) = (
          ((y + row) * width + x) * channels, row * other.width * channels, other.width * channels
        )
        target.replaceSubrange(to..<(to + count), with: source[from..<(from + count)])
      }
      return Image(width: width, height: height, channels: channels, floats: target)
    default: return self
    }
  }
}
