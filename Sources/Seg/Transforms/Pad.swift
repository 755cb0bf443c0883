import Core

/// Adds a border at the right and the bottom, to a size or to multiples of a number. Mirrors mmseg's `Pad`.
public struct Pad: Transform, ConfigRecord {
  public enum Target: Sendable, Equatable {
    /// At least so high and wide; larger pictures stay.
    case size(Pair)
    case divisor(Int)
  }

  public var target: Target
  public var value: [Double]
  public var labelValue: Double

  public init(from reader: inout ConfigReader) throws {
    let size: Pair? = try reader.optional("size")
    let divisor: Int? = try reader.optional("size_divisor")
    value = try reader.value("pad_val", default: OneOrMany<Double>([0])).elements
    labelValue = try reader.value("seg_pad_val", default: 255)
    guard (0...255).contains(labelValue) else {
      throw reader.invalid("must be in 0...255, found \(labelValue)", key: "seg_pad_val")
    }
    switch (size, divisor) {
    case (let size?, nil):
      guard (1...65536).contains(size.h), (1...65536).contains(size.w) else {
        throw reader.invalid("must be in 1...65536, found \(size)", key: "size")
      }
      target = .size(size)
    case (nil, let divisor?):
      guard (1...65536).contains(divisor) else {
        throw reader.invalid("must be in 1...65536, found \(divisor)", key: "size_divisor")
      }
      target = .divisor(divisor)
    default: throw reader.invalid("exactly one of size and size_divisor must be given")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("Pad")
    let (width, height) =
      switch target {
      case .size(let size): (max(size.w, image.width), max(size.h, image.height))
      case .divisor(let step):
        ((image.width + step - 1) / step * step, (image.height + step - 1) / step * step)
      }
    try image.checkPadding(
      right: width - image.width, bottom: height - image.height, value: value, of: sample.file, by: "Pad")
    sample.image = image.padded(toWidth: width, height: height, value: value)
    sample.meta.padShape = [height, width, image.channels]
    if let labels = sample.labels {
      guard labels.width <= width, labels.height <= height else {
        throw DataError(
          "Pad: the label map must be at most of the padded picture's size \(height)x\(width), found "
            + "\(labels.height)x\(labels.width) in \(sample.labelFile?.path ?? "the label map")",
          file: sample.file?.path)
      }
      sample.labels = labels.padded(toWidth: width, height: height, value: [labelValue])
    }
    return true
  }
}
