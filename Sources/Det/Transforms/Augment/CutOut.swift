import Core
import PyConfig

/// Paints rectangles over the picture. DeVries and Taylor, 2017 (<https://arxiv.org/abs/1708.04552>). Mirrors mmdet's
/// `CutOut`.
public struct CutOut: Transform, ConfigRecord {
  public var holes: ClosedRange<Int>
  /// Width and height, in pixels or as shares of the picture.
  public var candidates: [(width: Double, height: Double)]
  public var areShares: Bool
  public var color: [Double]

  public init(from reader: inout ConfigReader) throws {
    let counts: OneOrMany<Int> = try reader.value("n_holes")
    guard let least = counts.elements.first, let most = counts.elements.last, counts.elements.count <= 2,
      0 <= least, least <= most, most <= 10_000
    else {
      throw reader.invalid(
        "must be a number or (min, max) in 0...10000, found \(counts.elements)", key: "n_holes")
    }
    holes = least...most
    let (shape, ratio) = (reader.node("cutout_shape"), reader.node("cutout_ratio"))
    guard let node = shape ?? ratio, (shape == nil) != (ratio == nil) else {
      throw reader.invalid("exactly one of cutout_shape and cutout_ratio must be given")
    }
    let path = reader.path(shape != nil ? "cutout_shape" : "cutout_ratio")
    let isList = node.items?.contains { $0.items != nil } ?? false
    let pairs = isList ? try [[Double]](from: node, at: path) : [try [Double](from: node, at: path)]
    candidates = try pairs.map { pair in
      guard pair.count == 2, pair.allSatisfy({ $0 >= 0 && $0 <= 65536 }) else {
        throw BuildError(
          .invalid("must be pairs of width and height, found \(pair)"), path: path, location: node.location)
      }
      return (pair[0], pair[1])
    }
    areShares = ratio != nil
    color = try reader.value("fill_in", default: [0, 0, 0])
    guard !candidates.isEmpty else { throw reader.invalid("must have a shape to cut out, found none") }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    var image = try sample.requireImage("CutOut")
    guard color.count == image.channels else {
      throw DataError(
        "CutOut: fill_in must be \(image.channels) numbers, found \(color.count)", file: sample.file?.path)
    }
    for _ in 0..<generator.integer(holes.lowerBound..<(holes.upperBound + 1)) {
      let (x, y) = (generator.integer(0..<image.width), generator.integer(0..<image.height))
      let shape = candidates[generator.integer(0..<candidates.count)]
      let width = Int(areShares ? shape.width * Double(image.width) : shape.width)
      let height = Int(areShares ? shape.height * Double(image.height) : shape.height)
      image = image.filled(x: x, y: y, width: width, height: height, color: color)
    }
    sample.image = image
    return true
  }
}

extension Image {
  /// A rectangle in one colour; what lies outside of the picture is cut off.
  func filled(x: Int, y: Int, width w: Int, height h: Int, color: [Double]) -> Image {
    let (right, bottom) = (min(x + w, width), min(y + h, height))
    guard x < right, y < bottom else { return self }
    switch pixels {
    case .u8(var samples):
      let values = color.map { UInt8(min(max($0, 0), 255)) }
      for row in y..<bottom {
        for column in x..<right {
          for c in 0..<channels { samples[(row * width + column) * channels + c] = values[c] }
        }
      }
      return Image(width: width, height: height, channels: channels, bytes: samples)
    case .f32(var samples):
      for row in y..<bottom {
        for column in x..<right {
          for c in 0..<channels { samples[(row * width + column) * channels + c] = Float(color[c]) }
        }
      }
      return Image(width: width, height: height, channels: channels, floats: samples)
    }
  }
}
