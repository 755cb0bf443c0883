import Core

/// Changes brightness, contrast, saturation and hue at random, each with probability 1/2. Mirrors mmseg's
/// `PhotoMetricDistortion`, which took it from SSD (Liu et al., 2015, <https://arxiv.org/abs/1512.02325>).
public struct PhotoMetricDistortion: Transform, ConfigRecord {
  public var brightnessDelta: Double
  public var contrast, saturation: ClosedRange<Double>
  /// In half degrees.
  public var hueDelta: Int

  public init(from reader: inout ConfigReader) throws {
    brightnessDelta = try reader.value("brightness_delta", default: 32)
    contrast = try Self.range(&reader, "contrast_range")
    saturation = try Self.range(&reader, "saturation_range")
    hueDelta = try reader.value("hue_delta", default: 18)
    guard (0...255).contains(brightnessDelta) else {
      throw reader.invalid("must be in 0...255, found \(brightnessDelta)", key: "brightness_delta")
    }
    guard (1...180).contains(hueDelta) else {
      throw reader.invalid("must be in 1...180, found \(hueDelta)", key: "hue_delta")
    }
  }

  private static func range(_ reader: inout ConfigReader, _ key: String) throws -> ClosedRange<Double> {
    let values = try reader.value(key, default: [0.5, 1.5])
    guard values.count == 2, values[0] >= 0, values[0] <= values[1], values[1] <= 1000 else {
      throw reader.invalid("must be (min, max), ordered and in 0...1000, found \(values)", key: key)
    }
    return values[0]...values[1]
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("PhotoMetricDistortion")
    guard image.channels == 3, !image.isFloat else {
      throw DataError(
        "PhotoMetricDistortion: a picture of three channels of bytes, found \(image.channels) of "
          + "\(image.isFloat ? "floats; leave to_float32 out, and put Normalize behind it" : "bytes")",
        file: sample.file?.path)
    }
    func happens() -> Bool { generator.integer(0..<2) == 1 }
    func factor(_ range: ClosedRange<Double>) -> Double {
      generator.uniform(range.lowerBound, range.upperBound)
    }
    var steps = Steps()
    if happens() { steps.brightness = generator.uniform(-brightnessDelta, brightnessDelta) }
    steps.contrastComesFirst = happens()
    if steps.contrastComesFirst, happens() { steps.contrast = factor(contrast) }
    if happens() { steps.saturation = factor(saturation) }
    if happens() { steps.hue = generator.integer(-hueDelta..<hueDelta) }
    if !steps.contrastComesFirst, happens() { steps.contrast = factor(contrast) }
    sample.image = steps.applied(to: image)
    return true
  }

  /// What was drawn; `nil` leaves the step out.
  struct Steps: Equatable {
    var brightness, contrast, saturation: Double?
    var hue: Int?
    var contrastComesFirst = false

    func applied(to image: Image) -> Image {
      var image = image
      if let brightness { image = image.mapped(table: Self.table(scale: 1, shift: brightness)) }
      if contrastComesFirst, let contrast { image = image.mapped(table: Self.table(scale: contrast)) }
      if let saturation {
        image = image.bgrToHSV().mapped(tables: [nil, Self.table(scale: saturation), nil]).hsvToBGR()
      }
      if let hue {
        let turned = (0..<256).map { UInt8((($0 + hue) % 180 + 180) % 180) }
        image = image.bgrToHSV().mapped(tables: [turned, nil, nil]).hsvToBGR()
      }
      if !contrastComesFirst, let contrast { image = image.mapped(table: Self.table(scale: contrast)) }
      return image
    }

    /// Of each byte `scale · byte + shift` in 32 bits, limited to bytes and cut to whole numbers.
    private static func table(scale: Double, shift: Double = 0) -> [UInt8] {
      (0..<256).map { UInt8(min(max(Float($0) * Float(scale) + Float(shift), 0), 255)) }
    }
  }
}
