import Core

/// Rescales the label map alone. Mirrors mmseg's `SegRescale`.
public struct SegRescale: Transform, ConfigRecord {
  public var factor: Double

  public init(from reader: inout ConfigReader) throws {
    factor = try reader.value("scale_factor", default: 1)
    guard factor > 0, factor <= 1000 else {
      throw reader.invalid("must be in 0...1000, found \(factor)", key: "scale_factor")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard factor != 1, let labels = sample.labels else { return true }
    let size = rescaleSize(width: labels.width, height: labels.height, scale: .factor(factor))
    sample.labels = try labels.resized(
      width: size.width, height: size.height, .nearest, .cv2, of: sample.labelFile, by: "SegRescale")
    return true
  }
}
