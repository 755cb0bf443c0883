import Core

/// Stretches the picture's values over a range. Mirrors mmseg's `Rerange`.
public struct Rerange: Transform, ConfigRecord {
  public var range: ClosedRange<Double>

  public init(from reader: inout ConfigReader) throws {
    let low = try reader.value("min_value", default: 0.0)
    let high = try reader.value("max_value", default: 255.0)
    guard low < high, abs(low) < 1e30, abs(high) < 1e30 else {
      throw reader.invalid("min_value must be below max_value, found \(low) and \(high)")
    }
    range = low...high
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("Rerange")
    let span = range.upperBound - range.lowerBound
    let result: [Float]
    switch image.pixels {
    case .u8(let bytes):
      let (low, high) = (Double(bytes.min() ?? 0), Double(bytes.max() ?? 0))
      try check(low < high, sample.file)
      // NumPy goes over to 64 bits here; these are the 32 bits of what it gives.
      let table = (0..<256).map { Float((Double($0) - low) / (high - low) * span + range.lowerBound) }
      result = bytes.map { table[Int($0)] }
    case .f32(let values):
      let (low, high) = (values.min() ?? 0, values.max() ?? 0)
      try check(low < high, sample.file)
      result = values.map { ($0 - low) / (high - low) * Float(span) + Float(range.lowerBound) }
    }
    sample.image = Image(width: image.width, height: image.height, channels: image.channels, floats: result)
    return true
  }

  private func check(_ differs: Bool, _ file: SampleFile?) throws {
    if !differs {
      throw DataError("Rerange: the picture must have more than one value, found one", file: file?.path)
    }
  }
}
