import Core
import Foundation

/// Cuts out a part of random size and aspect ratio and resizes it. Mirrors mmcls's `RandomResizedCrop`.
///
/// Szegedy et al., 2014 (<https://arxiv.org/abs/1409.4842>); the form with `efficientnet_style` is EfficientNet's.
public struct RandomResizedCrop: Transform, ConfigRecord {
  public var height, width: Int
  /// Share of the area.
  public var scale: ClosedRange<Double>
  /// Width over height.
  public var ratio: ClosedRange<Double>
  public var maxAttempts: Int
  public var efficientNetStyle: Bool
  public var minCovered: Double
  public var cropPadding: Int
  public var interpolation: Interpolation
  public var backend: ImageBackend

  public init(from reader: inout ConfigReader) throws {
    let size: Pair = try reader.value("size")
    guard (1...65536).contains(size.h), (1...65536).contains(size.w) else {
      throw reader.invalid("must be in 1...65536, found \(size)", key: "size")
    }
    (height, width) = (size.h, size.w)
    scale = try Self.range(&reader, "scale", 0.08...1)
    ratio = try Self.range(&reader, "ratio", (3.0 / 4)...(4.0 / 3))
    maxAttempts = try reader.value("max_attempts", default: 10)
    guard (0...1_000_000).contains(maxAttempts) else {
      throw reader.invalid("must be in 0...1000000, found \(maxAttempts)", key: "max_attempts")
    }
    efficientNetStyle = try reader.value("efficientnet_style", default: false)
    minCovered = try reader.value("min_covered", default: 0.1)
    cropPadding = try reader.value("crop_padding", default: 32)
    guard minCovered >= 0 else {
      throw reader.invalid("must not be negative, found \(minCovered)", key: "min_covered")
    }
    guard cropPadding >= 0 else {
      throw reader.invalid("must not be negative, found \(cropPadding)", key: "crop_padding")
    }
    guard !efficientNetStyle || height == width else {
      throw reader.invalid("must be one number with efficientnet_style, found \(size)", key: "size")
    }
    (interpolation, backend) = try reader.resampling()
  }

  private static func range(
    _ reader: inout ConfigReader, _ key: String, _ standard: ClosedRange<Double>
  ) throws -> ClosedRange<Double> {
    guard let values: [Double] = try reader.optional(key) else { return standard }
    let least = key == "ratio" ? 1e-6 : 0
    guard values.count == 2, values[0] >= least, values[0] <= values[1], values[1] <= 1e6 else {
      throw reader.invalid("must be (min, max), ordered and in \(least)...1000000, found \(values)", key: key)
    }
    return values[0]...values[1]
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomResizedCrop")
    let box =
      efficientNetStyle
      ? efficientNetBox(image.height, image.width, using: &generator)
      : box(image.height, image.width, using: &generator)
    let cropped = image.cropped(x: box.x, y: box.y, width: box.width, height: box.height)
    try sample.replaceImage(
      cropped.resized(
        width: width, height: height, interpolation, backend, of: sample.file, by: "RandomResizedCrop"))
    return true
  }

  typealias Box = (x: Int, y: Int, width: Int, height: Int)

  func box(_ h: Int, _ w: Int, using generator: inout RandomGenerator) -> Box {
    let area = Double(h * w)
    for _ in 0..<maxAttempts {
      let target = generator.uniform(scale.lowerBound, scale.upperBound) * area
      let aspect = exp(generator.uniform(log(ratio.lowerBound), log(ratio.upperBound)))
      let width = Int((target * aspect).squareRoot().rounded(.toNearestOrEven))
      let height = Int((target / aspect).squareRoot().rounded(.toNearestOrEven))
      if width > 0, width <= w, height > 0, height <= h {
        return (
          generator.integer(0..<(w - width + 1)), generator.integer(0..<(h - height + 1)), width, height
        )
      }
    }
    // No try fitted: the largest part in the middle whose aspect ratio is allowed.
    let aspect = Double(w) / Double(h)
    var (width, height) = (w, h)
    if aspect < ratio.lowerBound {
      height = Int((Double(w) / ratio.lowerBound).rounded(.toNearestOrEven))
    } else if aspect > ratio.upperBound {
      width = Int((Double(h) * ratio.upperBound).rounded(.toNearestOrEven))
    }
    (width, height) = (min(max(1, width), w), min(max(1, height), h))
    return ((w - width) / 2, (h - height) / 2, width, height)
  }

  func efficientNetBox(_ h: Int, _ w: Int, using generator: inout RandomGenerator) -> Box {
    let area = Double(h * w)
    let (minArea, maxArea) = (scale.lowerBound * area, scale.upperBound * area)
    for _ in 0..<maxAttempts {
      let aspect = generator.uniform(ratio.lowerBound, ratio.upperBound)
      var highest = Int((maxArea / aspect).squareRoot().rounded(.toNearestOrEven))
      if Double(highest) * aspect > Double(w) {
        highest = Int((Double(w) + 0.5 - 1e-7) / aspect)
        if Double(highest) * aspect > Double(w) { highest -= 1 }
      }
      highest = min(highest, h)
      let lowest = min(highest, Int((minArea / aspect).squareRoot().rounded(.toNearestOrEven)))
      let height = Int(generator.uniform(Double(lowest), Double(highest)).rounded(.toNearestOrEven))
      let width = Int((Double(height) * aspect).rounded(.toNearestOrEven))
      let target = Double(height * width)
      guard target >= minArea, target <= maxArea, target >= minCovered * area, height > 0, width > 0,
        height <= h,
        width <= w
      else { continue }
      return (generator.integer(0..<(w - width + 1)), generator.integer(0..<(h - height + 1)), width, height)
    }
    let crop = Double(self.height) / Double(self.height + cropPadding) * Double(min(h, w))
    let y = max(0, Int(((Double(h) - crop) / 2).rounded(.toNearestOrEven)))
    let x = max(0, Int(((Double(w) - crop) / 2).rounded(.toNearestOrEven)))
    let bottom = Int(min(Double(h), Double(y) + crop) - 1)
    let right = Int(min(Double(w), Double(x) + crop) - 1)
    return (x, y, max(1, right - x + 1), max(1, bottom - y + 1))
  }
}
