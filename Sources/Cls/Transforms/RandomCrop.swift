import Core

/// Cuts out a part of a given size at a random place. Mirrors mmcls's `RandomCrop`.
public struct RandomCrop: Transform, ConfigRecord {
  public var height, width: Int
  /// Left, top, right, bottom.
  public var padding: [Int]?
  public var padsIfNeeded: Bool
  public var value: [Double]
  public var mode: BorderMode

  public init(from reader: inout ConfigReader) throws {
    let size: Pair = try reader.value("size")
    guard (1...65536).contains(size.h), (1...65536).contains(size.w) else {
      throw reader.invalid("must be in 1...65536, found \(size)", key: "size")
    }
    (height, width) = (size.h, size.w)
    if let given: OneOrMany<Int> = try reader.optional("padding") {
      switch (given.elements.count, given.elements.allSatisfy { (0...65536).contains($0) }) {
      case (1, true): padding = [Int](repeating: given.elements[0], count: 4)
      case (2, true): padding = given.elements + given.elements
      case (4, true): padding = given.elements
      default:
        throw reader.invalid(
          "must be 1, 2 or 4 numbers in 0...65536, found \(given.elements)", key: "padding")
      }
    }
    padsIfNeeded = try reader.value("pad_if_needed", default: false)
    value = try reader.value("pad_val", default: OneOrMany<Double>([0])).elements
    mode = try reader.value("padding_mode", default: .constant)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    var image = try sample.requireImage("RandomCrop")
    let margin = padding ?? [0, 0, 0, 0]
    try image.checkPadding(
      left: margin[0] + width, top: margin[1] + height, right: margin[2] + width, bottom: margin[3] + height,
      value: value, of: sample.file, by: "RandomCrop")
    if let padding {
      // The original leaves the mode out here: this border is always one colour.
      image = image.padded(
        left: padding[0], top: padding[1], right: padding[2], bottom: padding[3], value: value)
    }
    if padsIfNeeded, image.height < height {
      image = image.padded(
        top: height - image.height, bottom: height - image.height, value: value, mode: mode)
    }
    if padsIfNeeded, image.width < width {
      image = image.padded(left: width - image.width, right: width - image.width, value: value, mode: mode)
    }
    guard image.height >= height, image.width >= width else {
      throw DataError(
        "RandomCrop: the image must be at least \(height)x\(width), found \(image.height)x\(image.width); "
          + "set pad_if_needed=True or resize first", file: sample.file?.path)
    }
    let y = generator.integer(0..<(image.height - height + 1))
    let x = generator.integer(0..<(image.width - width + 1))
    sample.replaceImage(image.cropped(x: x, y: y, width: width, height: height))
    return true
  }
}
