import Core

/// Cuts out a part at a random place. Mirrors mmdet's `RandomCrop`.
///
/// Objects outside of the part are left out; a part without any object drops the sample unless that is allowed.
public struct RandomCrop: Transform, ConfigRecord {
  public enum Kind: String, Sendable, CaseIterable, ConfigDecodable {
    /// Shares between `size` and 1.
    case relativeRange = "relative_range"
    case relative
    case absolute
    /// Sides between the two numbers of `size`.
    case absoluteRange = "absolute_range"
  }

  public var kind: Kind
  /// Height and width, in pixels or as shares.
  public var size: (h: Double, w: Double)
  public var allowsEmpty: Bool
  /// Whether boxes are measured anew from the masks.
  public var recomputesBoxes: Bool
  public var clipsBoxes: Bool

  public init(from reader: inout ConfigReader) throws {
    kind = try reader.value("crop_type", default: .absolute)
    let numbers: [Double] = try reader.value("crop_size")
    let isAbsolute = kind == .absolute || kind == .absoluteRange
    guard numbers.count == 2, numbers.allSatisfy({ $0 > 0 && $0 <= (isAbsolute ? 65536 : 1) }),
      !isAbsolute || numbers.allSatisfy({ $0 == $0.rounded() })
    else {
      throw reader.invalid(
        "must be \(isAbsolute ? "two whole numbers in 1...65536" : "two shares in 0...1"), found \(numbers)",
        key: "crop_size")
    }
    if kind == .absoluteRange, numbers[0] > numbers[1] {
      throw reader.invalid("must be (min, max), found \(numbers)", key: "crop_size")
    }
    size = (numbers[0], numbers[1])
    allowsEmpty = try reader.value("allow_negative_crop", default: false)
    recomputesBoxes = try reader.value("recompute_bbox", default: false)
    clipsBoxes = try reader.value("bbox_clip_border", default: true)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomCrop")
    let part = partSize(image.height, image.width, using: &generator)
    let (height, width) = (min(part.h, image.height), min(part.w, image.width))
    let y = generator.integer(0..<(image.height - height + 1))
    let x = generator.integer(0..<(image.width - width + 1))
    sample.replaceImage(image.cropped(x: x, y: y, width: width, height: height))
    let clips = clipsBoxes
    let (dx, dy, w, h) = (Float(x), Float(y), Float(width), Float(height))
    let hadBoxes = sample.detection.boxes != nil
    let isLeft = sample.detection.moveBoxes { box in
      var box = box.moved(x: -dx, y: -dy)
      if clips { box = box.clipped(width: w, height: h) }
      return box.isValid ? box : nil
    }
    guard isLeft || allowsEmpty || !hadBoxes else { return false }
    if let masks = sample.detection.masks {
      let cropped = masks.cropped(x1: x, y1: y, x2: x + part.w, y2: y + part.h)
      sample.detection.masks = cropped
      if recomputesBoxes { sample.detection.boxes = cropped.boundingBoxes }
    }
    if let map = sample.detection.semanticMap {
      guard map.height == image.height, map.width == image.width else {
        throw DataError(
          "RandomCrop: the semantic map must be of the picture's size, \(image.height)x\(image.width), found "
            + "\(map.height)x\(map.width)", file: sample.file?.path)
      }
      sample.detection.semanticMap = map.cropped(x: x, y: y, width: width, height: height)
    }
    return true
  }

  private func partSize(_ h: Int, _ w: Int, using generator: inout RandomGenerator) -> Pair {
    switch kind {
    case .absolute: return Pair(h: min(Int(size.h), h), w: min(Int(size.w), w))
    case .absoluteRange:
      func side(_ limit: Int) -> Int {
        generator.integer(min(limit, Int(size.h))..<(min(limit, Int(size.w)) + 1))
      }
      let height = side(h)
      return Pair(h: height, w: side(w))
    case .relative: return Pair(h: pixels(size.h, of: h), w: pixels(size.w, of: w))
    case .relativeRange:
      let height = pixels(generator.uniform(size.h, 1), of: h)
      return Pair(h: height, w: pixels(generator.uniform(size.w, 1), of: w))
    }
  }

  private func pixels(_ share: Double, of side: Int) -> Int { max(1, Int(Double(side) * share + 0.5)) }
}
