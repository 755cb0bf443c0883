import Core

/// Puts the picture somewhere into a larger one of a single colour: objects become smaller.
///
/// Liu et al., 2015 (<https://arxiv.org/abs/1512.02325>). Mirrors mmdet's `Expand`.
public struct Expand: Transform, ConfigRecord {
  /// In the order of the picture's channels.
  public var mean: [Double]
  public var ratio: ClosedRange<Double>
  public var semanticValue: Double?
  public var probability: Double

  public init(from reader: inout ConfigReader) throws {
    let mean: [Double] = try reader.value("mean", default: [0, 0, 0])
    self.mean = try reader.value("to_rgb", default: true) ? mean.reversed() : mean
    ratio = try reader.range("ratio_range", default: 1...4, within: 1...64)
    semanticValue = try reader.optional("seg_ignore_label")
    probability = try reader.share("prob", default: 0.5)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    if generator.uniform() > probability { return true }
    let image = try sample.requireImage("Expand")
    guard mean.count == image.channels else {
      throw DataError(
        "Expand: mean must be \(image.channels) numbers, found \(mean.count)", file: sample.file?.path)
    }
    let ratio = generator.uniform(ratio.lowerBound, ratio.upperBound)
    let (h, w) = (Double(image.height), Double(image.width))
    let (height, width) = (Int(h * ratio), Int(w * ratio))
    let left = Int(generator.uniform(0, w * ratio - w))
    let top = Int(generator.uniform(0, h * ratio - h))
    let (right, bottom) = (width - left - image.width, height - top - image.height)
    try image.checkPadding(
      left: left, top: top, right: right, bottom: bottom, value: mean, of: sample.file, by: "Expand")
    // As bytes, colours lose their fractions here.
    let color = image.isFloat ? mean : mean.map { $0.rounded(.towardZero) }
    sample.image = image.padded(left: left, top: top, right: right, bottom: bottom, value: color)
    sample.detection.changeBoxes { boxes in
      for index in boxes.indices { boxes[index] = boxes[index].moved(x: Float(left), y: Float(top)) }
    }
    if let masks = sample.detection.masks {
      guard masks.height == image.height, masks.width == image.width else {
        throw DataError(
          "Expand: masks must be of the picture's size, \(image.height)x\(image.width), found "
            + "\(masks.height)x\(masks.width)", file: sample.file?.path)
      }
      sample.detection.masks = masks.expanded(toWidth: width, height: height, left: left, top: top)
    }
    if let map = sample.detection.semanticMap {
      guard let semanticValue else {
        throw DataError(
          "Expand: seg_ignore_label must be given for semantic maps, found none", file: sample.file?.path)
      }
      sample.detection.semanticMap = map.padded(
        left: left, top: top, right: right, bottom: bottom, value: [semanticValue])
    }
    return true
  }
}
