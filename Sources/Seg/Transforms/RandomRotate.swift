import Core

/// Turns picture and label map clockwise by a random angle. Mirrors mmseg's `RandomRotate`.
public struct RandomRotate: Transform, ConfigRecord {
  public var probability: Double
  /// In degrees.
  public var angles: ClosedRange<Double>
  public var value: [Double]
  public var labelValue: Double
  /// x and y; `nil` for the middle.
  public var center: [Double]?
  public var growsToHoldAll: Bool

  public init(from reader: inout ConfigReader) throws {
    probability = try reader.value("prob")
    guard (0...1).contains(probability) else {
      throw reader.invalid("must be in 0...1, found \(probability)", key: "prob")
    }
    let given: OneOrMany<Double> = try reader.value("degree")
    let ends = given.elements
    guard given.wasList ? ends.count == 2 : ends[0] > 0, ends.allSatisfy({ abs($0) <= 360 }) else {
      throw reader.invalid(
        "must be a positive number or (min, max), within 360 degrees, found \(ends)", key: "degree")
    }
    angles = given.wasList ? min(ends[0], ends[1])...max(ends[0], ends[1]) : -ends[0]...ends[0]
    value = try reader.value("pad_val", default: OneOrMany<Double>([0])).elements
    labelValue = try reader.value("seg_pad_val", default: 255)
    guard (0...255).contains(labelValue) else {
      throw reader.invalid("must be in 0...255, found \(labelValue)", key: "seg_pad_val")
    }
    center = try reader.optional("center")
    growsToHoldAll = try reader.value("auto_bound", default: false)
    if let center {
      guard center.count == 2, center.allSatisfy({ abs($0) <= 65536 }) else {
        throw reader.invalid("must be (x, y), found \(center)", key: "center")
      }
      guard !growsToHoldAll else {
        throw reader.invalid("must not be given with auto_bound=True", key: "center")
      }
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomRotate")
    let turns = generator.uniform() < probability
    let angle = generator.uniform(angles.lowerBound, angles.upperBound)
    guard turns else { return true }
    try image.checkPadding(
      right: growsToHoldAll ? image.height : 0, bottom: growsToHoldAll ? image.width : 0, value: value,
      of: sample.file, by: "RandomRotate")
    // OpenCV takes a single number for the colour (number, 0, 0, 0), and mmcv passes it on.
    let color = value.count == 1 ? value + [Double](repeating: 0, count: image.channels - 1) : value
    let middle = center.map { (x: $0[0], y: $0[1]) }
    sample.image = image.rotated(degrees: angle, center: middle, value: color, autoBound: growsToHoldAll)
    sample.labels = sample.labels?.rotated(
      degrees: angle, center: middle, value: [labelValue], interpolation: .nearest, autoBound: growsToHoldAll)
    return true
  }
}
