import Core
import Foundation

/// Turns, scales, shears and moves the picture at random. Mirrors mmdet's `RandomAffine`.
public struct RandomAffine: Transform, ConfigRecord {
  /// In degrees.
  public var maxRotation, maxShear: Double
  /// Of the result's sides.
  public var maxTranslation: Double
  public var scale: ClosedRange<Double>
  /// What the result is larger than the picture at each side; negative to cut.
  public var borderHeight, borderWidth: Int
  public var color: [Double]
  let candidates: BoxCandidates
  public var clipsBoxes, skipsFilter: Bool

  public init(from reader: inout ConfigReader) throws {
    maxRotation = try reader.value("max_rotate_degree", default: 10)
    maxTranslation = try reader.share("max_translate_ratio", default: 0.1)
    scale = try reader.range("scaling_ratio_range", default: 0.5...1.5, within: 0.001...1000)
    maxShear = try reader.value("max_shear_degree", default: 2)
    let border: [Int] = try reader.value("border", default: [0, 0])
    guard border.count == 2, border.allSatisfy({ abs($0) <= 16384 }) else {
      throw reader.invalid("must be two numbers within 16384, found \(border)", key: "border")
    }
    (borderHeight, borderWidth) = (border[0], border[1])
    color = try reader.value("border_val", default: [114, 114, 114])
    candidates = BoxCandidates(
      minSize: try reader.value("min_bbox_size", default: 2),
      minAreaRatio: try reader.value("min_area_ratio", default: 0.2),
      maxAspectRatio: try reader.value("max_aspect_ratio", default: 20))
    clipsBoxes = try reader.value("bbox_clip_border", default: true)
    skipsFilter = try reader.value("skip_filter", default: true)
    guard abs(maxRotation) <= 360, abs(maxShear) < 90 else {
      throw reader.invalid(
        "rotation must be within 360 and shear within 90 degrees, found \(maxRotation) and \(maxShear)")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomAffine")
    let (height, width) = (image.height + 2 * borderHeight, image.width + 2 * borderWidth)
    guard height > 0, width > 0, width <= Image.maxPixels / height else {
      throw DataError(
        "RandomAffine: the picture with its border must have 1...\(Image.maxPixels) pixels, found \(height)x\(width)",
        file: sample.file?.path)
    }
    guard color.count == image.channels else {
      throw DataError(
        "RandomAffine: border_val must be \(image.channels) numbers, found \(color.count)",
        file: sample.file?.path)
    }
    guard sample.detection.masks == nil else {
      throw DataError("RandomAffine: moves boxes only, found masks", file: sample.file?.path)
    }
    let rotation = generator.uniform(-maxRotation, maxRotation) * .pi / 180
    let ratio = generator.uniform(scale.lowerBound, scale.upperBound)
    let shearX = tan(generator.uniform(-maxShear, maxShear) * .pi / 180)
    let shearY = tan(generator.uniform(-maxShear, maxShear) * .pi / 180)
    let x = generator.uniform(-maxTranslation, maxTranslation) * Double(width)
    let y = generator.uniform(-maxTranslation, maxTranslation) * Double(height)
    // Scaling first, then rotation, shear, translation.
    let (c, s) = (cos(rotation) * ratio, sin(rotation) * ratio)
    let map = AffineMap(c + shearX * s, -s + shearX * c, x, shearY * c + s, -shearY * s + c, y)
    sample.replaceImage(image.warped(map, width: width, height: height, value: color))
    let (w, h, clips, filters, candidates) = (
      Float(width), Float(height), clipsBoxes, !skipsFilter, candidates
    )
    sample.detection.moveBoxes { box in
      let corners = [(box.x1, box.y1), (box.x1, box.y2), (box.x2, box.y2), (box.x2, box.y1)].map { px, py in
        (map.a * Double(px) + map.b * Double(py) + map.c, map.d * Double(px) + map.e * Double(py) + map.f)
      }
      let (xs, ys) = (corners.map { Float($0.0) }, corners.map { Float($0.1) })
      var moved = Box(xs.min() ?? 0, ys.min() ?? 0, xs.max() ?? 0, ys.max() ?? 0)
      if clips { moved = moved.clipped(width: w, height: h) }
      guard moved.touches(height: h, width: w) else { return nil }
      let r = Float(ratio)
      let scaled = Box(box.x1 * r, box.y1 * r, box.x2 * r, box.y2 * r)
      return !filters || candidates.keeps(scaled, moved) ? moved : nil
    }
    return true
  }
}
