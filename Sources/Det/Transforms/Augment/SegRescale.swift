import Core

/// Resizes the semantic map alone. Mirrors mmdet's `SegRescale`.
public struct SegRescale: Transform, ConfigRecord {
  public var factor: Double
  public var backend: ImageBackend

  public init(from reader: inout ConfigReader) throws {
    factor = try reader.value("scale_factor", default: 1)
    guard factor > 0, factor <= 100 else {
      throw reader.invalid("must be in 0...100, found \(factor)", key: "scale_factor")
    }
    backend = try reader.value("backend", default: .cv2)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard factor != 1, let map = sample.detection.semanticMap else { return true }
    let size = rescaleSize(width: map.width, height: map.height, scale: .factor(factor))
    sample.detection.semanticMap = try map.resized(
      width: size.width, height: size.height, .nearest, backend, of: sample.file, by: "SegRescale")
    return true
  }
}
