import Core

/// Small random changes of hue, saturation and value. Mirrors mmdet's `YOLOXHSVRandomAug`.
public struct YOLOXHSVRandomAug: Transform, ConfigRecord {
  public var hueDelta, saturationDelta, valueDelta: Double

  public init(from reader: inout ConfigReader) throws {
    hueDelta = try reader.value("hue_delta", default: 5)
    saturationDelta = try reader.value("saturation_delta", default: 30)
    valueDelta = try reader.value("value_delta", default: 30)
    guard [hueDelta, saturationDelta, valueDelta].allSatisfy({ abs($0) <= 10_000 }) else {
      throw reader.invalid("deltas must be within 10000, found \([hueDelta, saturationDelta, valueDelta])")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("YOLOXHSVRandomAug")
    guard !image.isFloat, image.channels == 3 else {
      throw DataError("YOLOXHSVRandomAug: an image of 3 channels of bytes", file: sample.file?.path)
    }
    let gains = [hueDelta, saturationDelta, valueDelta].map { Int(generator.uniform(-1, 1) * $0) }
      .map { generator.coin() ? $0 : 0 }
    guard gains.contains(where: { $0 != 0 }), case .u8(var samples) = image.bgrToHSV().pixels else {
      return true
    }
    var tables = [[UInt8]](repeating: [], count: 3)
    // Modulo as in Python: never negative.
    tables[0] = (0..<256).map { UInt8((($0 + gains[0]) % 180 + 180) % 180) }
    for channel in 1..<3 { tables[channel] = (0..<256).map { UInt8(min(max($0 + gains[channel], 0), 255)) } }
    for pixel in stride(from: 0, to: samples.count, by: 3) {
      for channel in 0..<3 { samples[pixel + channel] = tables[channel][Int(samples[pixel + channel])] }
    }
    sample.image = Image(width: image.width, height: image.height, channels: 3, bytes: samples).hsvToBGR()
    return true
  }
}
