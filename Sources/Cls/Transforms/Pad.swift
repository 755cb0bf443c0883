import Core

/// Adds a border at the right and the bottom. Mirrors mmcls's `Pad`.
public struct Pad: Transform, ConfigRecord {
  /// Height and width; `nil` pads to a square.
  public var size: Pair?
  public var value: [Double]
  public var mode: BorderMode

  public init(from reader: inout ConfigReader) throws {
    size = try reader.optional("size")
    let square = try reader.value("pad_to_square", default: false)
    guard (size == nil) == square else {
      throw reader.invalid("exactly one of size and pad_to_square must be given")
    }
    if let size, !(1...65536).contains(size.h) || !(1...65536).contains(size.w) {
      throw reader.invalid("must be in 1...65536, found \(size)", key: "size")
    }
    value = try reader.value("pad_val", default: OneOrMany<Double>([0])).elements
    mode = try reader.value("padding_mode", default: .constant)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("Pad")
    let side = max(image.height, image.width)
    let target = size ?? Pair(side)
    guard target.h >= image.height, target.w >= image.width else {
      throw DataError(
        "Pad: the image must be at most \(target), found \(image.height)x\(image.width)",
        file: sample.file?.path)
    }
    try image.checkPadding(
      right: target.w - image.width, bottom: target.h - image.height, value: value, of: sample.file, by: "Pad"
    )
    sample.replaceImage(image.padded(toWidth: target.w, height: target.h, value: value, mode: mode))
    return true
  }
}
