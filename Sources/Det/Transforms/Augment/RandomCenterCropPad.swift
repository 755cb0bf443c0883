import Core
import Foundation
import PyConfig

/// Cuts out a part around a random place, or in tests puts the picture in the middle of a larger frame.
///
/// Law and Deng, 2018 (<https://arxiv.org/abs/1808.01244>). Mirrors mmdet's `RandomCenterCropPad`.
public struct RandomCenterCropPad: Transform, ConfigRecord {
  public enum Mode: Sendable, Equatable {
    case training(size: Pair, ratios: [Double], border: Double)
    /// Sides are `side | mask`, and a little more.
    case masked(Int, extra: Int)
    /// Sides are multiples.
    case multiple(of: Int)
  }

  public var mode: Mode
  /// The frame's colour, in the order of the picture's channels.
  public var mean: [Double]
  public var clipsBoxes: Bool

  public init(from reader: inout ConfigReader) throws {
    let isTesting = try reader.value("test_mode", default: false)
    let mean: [Double] = try reader.value("mean")
    let _: [Double] = try reader.value("std")
    self.mean = try reader.value("to_rgb", as: Bool.self) ? mean.reversed() : mean
    clipsBoxes = try reader.value("bbox_clip_border", default: true)
    let extra = try reader.value("test_pad_add_pix", default: 0)
    guard isTesting else {
      reader.ignore("test_pad_mode")
      let ratios: [Double] = try reader.value("ratios", default: [0.9, 1, 1.1])
      let border: Double = try reader.value("border", default: 128)
      guard !ratios.isEmpty, ratios.allSatisfy({ $0 > 0 && $0 <= 100 }), border >= 0, border < 1e6 else {
        throw reader.invalid("ratios must be positive and border not negative, found \(ratios) and \(border)")
      }
      mode = .training(size: try reader.size("crop_size"), ratios: ratios, border: border)
      return
    }
    for key in ["crop_size", "ratios", "border"] {
      if let node = reader.node(key), !node.isNone {
        throw reader.invalid("must be None in test mode", key: key)
      }
    }
    let given = reader.node("test_pad_mode")
    let (kind, number) = (given?.items?.first?.string ?? "logical_or", given?.items?.last?.int ?? 127)
    switch (kind, number) {
    case ("logical_or", 0...65535): mode = .masked(number, extra: extra)
    case ("size_divisor", 1...65535): mode = .multiple(of: number)
    default:
      throw reader.invalid(
        "must be ('logical_or', n) or ('size_divisor', n), found \(given?.summary ?? "nothing")",
        key: "test_pad_mode")
    }
    guard (0...65535).contains(extra) else {
      throw reader.invalid("must be in 0...65535, found \(extra)", key: "test_pad_add_pix")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomCenterCropPad")
    guard image.isFloat, image.channels == mean.count else {
      throw DataError(
        "RandomCenterCropPad: an image of \(mean.count) channels of floats, found \(image.channels) of "
          + "\(image.isFloat ? "floats" : "bytes; set to_float32=True in LoadImageFromFile")",
        file: sample.file?.path)
    }
    let (h, w) = (image.height, image.width)
    switch mode {
    case .masked(let mask, let extra):
      try center(&sample, image, height: (h | mask) + extra, width: (w | mask) + extra)
    case .multiple(let divisor):
      try center(
        &sample, image, height: (h + divisor - 1) / divisor * divisor,
        width: (w + divisor - 1) / divisor * divisor)
    case .training(let size, let ratios, let border):
      return try crop(&sample, image, size, ratios, border, using: &generator)
    }
    return true
  }

  private func center(_ sample: inout Sample, _ image: Image, height: Int, width: Int) throws {
    guard width <= Image.maxPixels / height else {
      throw DataError(
        "RandomCenterCropPad: a frame of at most \(Image.maxPixels) pixels", file: sample.file?.path)
    }
    let framed = framed(
      image, centerX: image.width / 2, centerY: image.height / 2, height: height, width: width)
    sample.meta.imageShape = [image.height, image.width, image.channels]
    sample.image = framed.image
    sample.meta.padShape = [height, width, image.channels]
    sample.meta.border = framed.border
  }

  /// A part of the picture around a place, in the middle of a frame; and where in the frame it is: top, bottom, left, right.
  private func framed(
    _ image: Image, centerX: Int, centerY: Int, height: Int, width: Int
  ) -> (image: Image, border: [Float], x0: Int, y0: Int, x1: Int, y1: Int) {
    let (x0, x1) = (max(0, centerX - width / 2), min(centerX + width / 2, image.width))
    let (y0, y1) = (max(0, centerY - height / 2), min(centerY + height / 2, image.height))
    let (left, top) = (width / 2 - (centerX - x0), height / 2 - (centerY - y0))
    let part = image.cropped(x: x0, y: y0, width: max(1, x1 - x0), height: max(1, y1 - y0))
    let result = part.padded(
      left: left, top: top, right: max(0, width - left - part.width),
      bottom: max(0, height - top - part.height),
      value: mean)
    let border = [top, height / 2 + (y1 - centerY), left, width / 2 + (x1 - centerX)].map { Float($0) }
    return (result, border, x0, y0, x1, y1)
  }

  private func crop(
    _ sample: inout Sample, _ image: Image, _ size: Pair, _ ratios: [Double], _ border: Double,
    using generator: inout RandomGenerator
  ) throws -> Bool {
    guard sample.detection.masks == nil, sample.detection.semanticMap == nil else {
      throw DataError("RandomCenterCropPad: moves boxes only, found masks", file: sample.file?.path)
    }
    let boxes = sample.detection.boxes ?? Boxes()
    for _ in 0..<20 {
      let scale = ratios[generator.integer(0..<ratios.count)]
      let (height, width) = (max(2, Int(Double(size.h) * scale)), max(2, Int(Double(size.w) * scale)))
      let marginY = Self.margin(border, image.height)
      let marginX = Self.margin(border, image.width)
      for _ in 0..<50 {
        let x = generator.integer(marginX..<max(image.width - marginX, marginX + 1))
        let y = generator.integer(marginY..<max(image.height - marginY, marginY + 1))
        let framed = framed(image, centerX: x, centerY: y, height: height, width: width)
        let (left, top) = (Float(framed.x0), Float(framed.y0))
        let (right, bottom) = (Float(framed.x1), Float(framed.y1))
        func isInside(_ box: Box) -> Bool { box.hasCenter(insideX1: left, y1: top, x2: right, y2: bottom) }
        guard boxes.isEmpty || boxes.indices.contains(where: { isInside(boxes[$0]) }) else { continue }
        sample.replaceImage(framed.image)
        sample.meta.padShape = sample.meta.imageShape
        let (dx, dy) = (
          Float(width / 2 - (x - framed.x0) - framed.x0), Float(height / 2 - (y - framed.y0) - framed.y0)
        )
        let clips = clipsBoxes
        sample.detection.moveBoxes { box in
          guard isInside(box) else { return nil }
          var box = box.moved(x: dx, y: dy)
          if clips { box = box.clipped(width: Float(width), height: Float(height)) }
          return box.isValid ? box : nil
        }
        return true
      }
    }
    return false
  }

  /// How far places stay from the edge: `border`, halved until the picture has room for it twice.
  private static func margin(_ border: Double, _ size: Int) -> Int {
    let k = 2 * border / Double(size)
    guard k > 0 else { return 0 }
    let halvings = pow(2, log2(k.rounded(.up)).rounded(.up) + (k == k.rounded(.towardZero) ? 1 : 0))
    return Int((border / halvings).rounded(.down))
  }
}
