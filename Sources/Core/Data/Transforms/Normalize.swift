/// `(pixel − mean) / std` for each channel. Mirrors `Normalize` of all three suites.
public struct Normalize: Transform, ConfigRecord {
  public var mean, std: [Double]
  public var toRGB: Bool

  public init(from reader: inout ConfigReader) throws {
    mean = try reader.value("mean")
    std = try reader.value("std")
    guard mean.count == std.count, mean.count == 1 || mean.count == 3, std.allSatisfy({ Float($0) != 0 })
    else {
      throw reader.invalid(
        "mean and std must have 1 or 3 numbers each, std none of them 0, found \(mean) and \(std)")
    }
    toRGB = try reader.value("to_rgb", default: true)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("Normalize")
    guard image.channels == mean.count || mean.count == 1 else {
      throw DataError(
        "Normalize: an image of \(mean.count) channels, found \(image.channels)", file: sample.file?.path)
    }
    // The original keeps both as 32-bit floats and computes with 64 bits from there.
    func all(_ values: [Double]) -> [Double] {
      let rounded = values.map { Double(Float($0)) }
      return rounded.count == image.channels
        ? rounded : [Double](repeating: rounded[0], count: image.channels)
    }
    sample.image = image.normalized(mean: all(mean), std: all(std), toRGB: toRGB && image.channels == 3)
    sample.meta.normalization = .init(mean: mean.map { Float($0) }, std: std.map { Float($0) }, toRGB: toRGB)
    return true
  }
}
