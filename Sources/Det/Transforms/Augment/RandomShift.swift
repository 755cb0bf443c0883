import Core

/// Moves the picture by a few pixels. Mirrors mmdet's `RandomShift`.
public struct RandomShift: Transform, ConfigRecord {
  public var probability: Double
  public var maxShift: Int
  /// Objects that become this narrow are left out.
  public var minSize: Int

  public init(from reader: inout ConfigReader) throws {
    probability = try reader.share("shift_ratio", default: 0.5)
    maxShift = try reader.value("max_shift_px", default: 32)
    minSize = try reader.value("filter_thr_px", default: 1)
    guard (0...65536).contains(maxShift) else {
      throw reader.invalid("must be in 0...65536, found \(maxShift)", key: "max_shift_px")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard generator.uniform() < probability else { return true }
    let image = try sample.requireImage("RandomShift")
    let x = generator.integer(-maxShift..<(maxShift + 1))
    let y = generator.integer(-maxShift..<(maxShift + 1))
    guard abs(x) < image.width, abs(y) < image.height else { return true }
    let (w, h, least) = (Float(image.width), Float(image.height), Float(minSize))
    var fields = sample.detection
    let isLeft = fields.moveBoxes { box in
      let box = box.moved(x: Float(x), y: Float(y)).clipped(width: w, height: h)
      return box.width > least && box.height > least ? box : nil
    }
    // A shift that loses all objects is not done.
    guard isLeft else { return true }
    sample.detection = fields
    let part = image.cropped(
      x: max(0, -x), y: max(0, -y), width: image.width - abs(x), height: image.height - abs(y))
    sample.image = part.padded(
      left: max(0, x), top: max(0, y), right: max(0, -x), bottom: max(0, -y))
    return true
  }
}
