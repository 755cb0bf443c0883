import Core
import PyConfig

/// Resizes the picture, and the label map with it. Mirrors mmseg's `Resize`.
///
/// The size comes from an earlier step (test-time augmentation, another `Resize`) or else from `img_scale`: one size
/// `(w, h)`, several to draw from, or, with `ratio_range`, one (or the picture's own) times a random ratio.
public struct Resize: Transform, ConfigRecord {
  public enum MultiscaleMode: String, Sendable, CaseIterable, ConfigDecodable {
    case range, value
  }

  /// Width and height, as configs give them.
  var scales: [TargetScale]
  public var mode: MultiscaleMode
  public var ratios: ClosedRange<Double>?
  public var keepsRatio: Bool
  /// The least short side, where the aspect ratio is kept.
  public var minSize: Int?

  public init(from reader: inout ConfigReader) throws {
    scales = try reader.optional("img_scale", as: ImageScales.self)?.scales ?? []
    mode = try reader.value("multiscale_mode", default: .range)
    if let given: [Double] = try reader.optional("ratio_range") {
      guard given.count == 2, given[0] > 0, given[0] <= given[1], given[1] <= 1000 else {
        throw reader.invalid(
          "must be (min, max), ordered and in 0...1000, found \(given)", key: "ratio_range")
      }
      ratios = given[0]...given[1]
      guard scales.count <= 1 else {
        throw reader.invalid("must be one size with ratio_range, found \(scales.count)", key: "img_scale")
      }
    }
    if ratios == nil, mode == .range, scales.count > 2 {
      throw reader.invalid(
        "must be two sizes with multiscale_mode='range', found \(scales.count)", key: "img_scale")
    }
    keepsRatio = try reader.value("keep_ratio", default: true)
    minSize = try reader.optional("min_size")
    if let minSize, !(1...65536).contains(minSize) {
      throw reader.invalid("must be in 1...65536, found \(minSize)", key: "min_size")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("Resize")
    var scale = try sample.scale ?? randomScale(image, sample.file, using: &generator)
    if keepsRatio, let minSize {
      let (h, w) = (Double(image.height), Double(image.width))
      let short = max(min(scale.width, scale.height), Double(minSize))
      scale =
        h > w
        ? TargetScale(width: short * h / w, height: short) : TargetScale(width: short, height: short * w / h)
    }
    sample.scale = scale
    let resized = try self.resized(image, to: scale, .bilinear, sample.file)
    sample.image = resized
    let shape = [resized.height, resized.width, resized.channels]
    (sample.meta.imageShape, sample.meta.padShape) = (shape, shape)
    let (x, y) = (
      Float(Double(resized.width) / Double(image.width)), Float(Double(resized.height) / Double(image.height))
    )
    sample.meta.scaleFactor = [x, y, x, y]
    if let labels = sample.labels {
      sample.labels = try self.resized(labels, to: scale, .nearest, sample.labelFile)
    }
    return true
  }

  private func resized(
    _ image: Image, to scale: TargetScale, _ interpolation: Interpolation, _ file: SampleFile?
  ) throws -> Image {
    guard scale.width >= 1, scale.height >= 1, max(scale.width, scale.height) <= 65536 else {
      throw DataError(
        "Resize: sides must be in 1...65536, found \(PythonText.repr(scale.width)) x \(PythonText.repr(scale.height))",
        file: file?.path)
    }
    var (width, height) = (Int(scale.width), Int(scale.height))
    if keepsRatio {
      // As mmcv's imrescale: the long side at most the larger, the short side at most the smaller number.
      let (long, short) = (max(image.width, image.height), min(image.width, image.height))
      let factor = min(
        max(scale.width, scale.height) / Double(long), min(scale.width, scale.height) / Double(short))
      (width, height, _) = rescaleSize(width: image.width, height: image.height, scale: .factor(factor))
    }
    return try image.resized(width: width, height: height, interpolation, .cv2, of: file, by: "Resize")
  }

  private func randomScale(
    _ image: Image, _ file: SampleFile?, using generator: inout RandomGenerator
  ) throws -> TargetScale {
    if let ratios {
      let base = scales.first ?? TargetScale(width: Double(image.width), height: Double(image.height))
      let ratio = generator.uniform() * (ratios.upperBound - ratios.lowerBound) + ratios.lowerBound
      return TargetScale(
        width: (base.width * ratio).rounded(.down), height: (base.height * ratio).rounded(.down))
    }
    guard let first = scales.first else {
      throw DataError(
        "Resize: img_scale or ratio_range must be given outside of MultiScaleFlipAug", file: file?.path)
    }
    if scales.count == 1 { return first }
    if mode == .value { return scales[generator.integer(0..<scales.count)] }
    let long = scales.map { Int(max($0.width, $0.height)) }
    let short = scales.map { Int(min($0.width, $0.height)) }
    return TargetScale(
      width: Double(generator.integer(min(long[0], long[1])..<(max(long[0], long[1]) + 1))),
      height: Double(generator.integer(min(short[0], short[1])..<(max(short[0], short[1]) + 1))))
  }
}

/// One size `(w, h)` or a list of them.
struct ImageScales: ConfigDecodable {
  var scales: [TargetScale]

  init(from node: ConfigNode, at path: String) throws {
    func scale(_ node: ConfigNode, _ path: String) throws -> TargetScale {
      let sides = try [Int](from: node, at: path)
      guard sides.count == 2, sides.allSatisfy({ (1...65536).contains($0) }) else {
        throw BuildError(
          .invalid("must be (w, h), both in 1...65536, found \(sides)"), path: path, location: node.location)
      }
      return TargetScale(width: Double(sides[0]), height: Double(sides[1]))
    }
    let items = node.items ?? []
    if items.contains(where: { $0.items != nil }) {
      scales = try items.enumerated().map { try scale($1, "\(path).\($0)") }
    } else {
      scales = [try scale(node, path)]
    }
  }
}
