import Core
import PyConfig

/// Adds a border at the right and the bottom. Mirrors mmdet's `Pad`.
public struct Pad: Transform, ConfigRecord {
  public enum Target: Sendable, Equatable {
    case size(Pair)
    case multiple(of: Int)
    case square
  }

  public var target: Target
  /// One number, or one a channel.
  public var imageValue: [Double]
  public var maskValue: UInt8
  public var semanticValue: Double

  public init(from reader: inout ConfigReader) throws {
    let size: Pair? = try reader.optional("size")
    let divisor: Int? = try reader.optional("size_divisor")
    let square = try reader.value("pad_to_square", default: false)
    switch (size, divisor, square) {
    case (let size?, nil, false):
      guard (1...65536).contains(size.h), (1...65536).contains(size.w) else {
        throw reader.invalid("must be in 1...65536, found \(size)", key: "size")
      }
      target = .size(size)
    case (nil, let divisor?, false):
      guard (1...65536).contains(divisor) else {
        throw reader.invalid("must be in 1...65536, found \(divisor)", key: "size_divisor")
      }
      target = .multiple(of: divisor)
    case (nil, nil, true): target = .square
    default: throw reader.invalid("exactly one of size, size_divisor and pad_to_square must be given")
    }
    let values = try PadValues(reader.node("pad_val"), path: reader.path("pad_val"))
    (imageValue, semanticValue) = (values.image, values.semantic)
    guard let mask = UInt8(exactly: values.mask) else {
      throw reader.invalid("masks must be a whole number in 0...255, found \(values.mask)", key: "pad_val")
    }
    maskValue = mask
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("Pad")
    let (height, width) =
      switch target {
      case .size(let size): (max(size.h, image.height), max(size.w, image.width))
      case .multiple(let divisor):
        ((image.height + divisor - 1) / divisor * divisor, (image.width + divisor - 1) / divisor * divisor)
      case .square: (max(image.height, image.width), max(image.height, image.width))
      }
    try image.checkPadding(
      right: width - image.width, bottom: height - image.height, value: imageValue, of: sample.file, by: "Pad"
    )
    sample.image = image.padded(toWidth: width, height: height, value: imageValue)
    sample.meta.padShape = [height, width, image.channels]
    if let masks = sample.detection.masks {
      guard height >= masks.height, width >= masks.width else {
        throw DataError(
          "Pad: masks must be at most as large as the picture, \(height)x\(width), found \(masks.height)x\(masks.width); "
            + "check the width and the height in the annotations", file: sample.file?.path)
      }
      sample.detection.masks = masks.padded(toWidth: width, height: height, value: maskValue)
    }
    if let map = sample.detection.semanticMap {
      sample.detection.semanticMap = map.padded(toWidth: width, height: height, value: [semanticValue])
    }
    return true
  }
}

/// `pad_val`: one number for pictures and masks, or `dict(img=, masks=, seg=)`.
struct PadValues {
  var image: [Double] = [0]
  var mask = 0.0
  var semantic = 255.0

  init(_ node: ConfigNode?, path: String) throws {
    guard let node, !node.isNone else { return }
    guard node.dictionary != nil else {
      image = [try Double(from: node, at: path)]
      mask = image[0]
      return
    }
    var reader = try ConfigReader(node, path: path)
    image = try reader.value("img", default: OneOrMany<Double>(image)).elements
    mask = try reader.value("masks", default: mask)
    semantic = try reader.value("seg", default: semantic)
    try reader.finish()
  }
}
