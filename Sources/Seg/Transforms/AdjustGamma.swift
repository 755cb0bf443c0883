import Core
import Foundation

/// Gamma correction. Mirrors mmseg's `AdjustGamma`.
public struct AdjustGamma: Transform, ConfigRecord {
  public var gamma: Double

  public init(from reader: inout ConfigReader) throws {
    gamma = try reader.value("gamma", default: 1)
    guard gamma > 0, gamma <= 1e6 else {
      throw reader.invalid("must be in 0...1000000, found \(gamma)", key: "gamma")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("AdjustGamma").cutToBytes()
    sample.image = image.mapped(table: (0..<256).map { UInt8(pow(Double($0) / 255, 1 / gamma) * 255) })
    return true
  }
}

extension Image {
  /// Floats cut to whole numbers in 0...255; bytes as they are.
  func cutToBytes() -> Image {
    guard case .f32(let values) = pixels else { return self }
    return Image(
      width: width, height: height, channels: channels, bytes: values.map { UInt8(min(max($0, 0), 255)) })
  }
}
