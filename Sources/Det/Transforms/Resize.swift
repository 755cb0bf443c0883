import Core
import PyConfig

/// Resizes the picture with all that lies on it. Mirrors mmdet's `Resize`.
///
/// The scale is that of `MultiScaleFlipAug` where this is part of one, else drawn: from `ratio_range` times one scale, from
/// a list of scales, or between two of them.
public struct Resize: Transform, ConfigRecord {
  /// Bounds of the long and the short side or, where the ratio is not kept, width and height.
  public struct Scale: Sendable, Equatable {
    public var first, second: Int
  }

  public enum Mode: String, Sendable, CaseIterable, ConfigDecodable {
    case value, range
  }

  public var scales: [Scale]
  public var mode: Mode
  public var ratioRange: ClosedRange<Double>?
  public var keepsRatio: Bool
  public var clipsBoxes: Bool
  /// Whether a scale that was used before is forgotten.
  public var overrides: Bool
  public var interpolation: Interpolation
  public var backend: ImageBackend

  public init(from reader: inout ConfigReader) throws {
    scales = try reader.scales("img_scale") ?? []
    mode = try reader.value("multiscale_mode", default: .range)
    if let range: [Double] = try reader.optional("ratio_range") {
      guard range.count == 2, range[0] > 0, range[0] <= range[1], range[1] <= 1000 else {
        throw reader.invalid(
          "must be (min, max), ordered and in 0...1000, found \(range)", key: "ratio_range")
      }
      guard scales.count == 1 else {
        throw reader.invalid("must go with one img_scale, found \(scales.count)", key: "ratio_range")
      }
      ratioRange = range[0]...range[1]
    } else if mode == .range, scales.count > 2 {
      throw reader.invalid(
        "must be one or two scales with multiscale_mode='range', found \(scales.count)", key: "img_scale")
    }
    keepsRatio = try reader.value("keep_ratio", default: true)
    clipsBoxes = try reader.value("bbox_clip_border", default: true)
    overrides = try reader.value("override", default: false)
    (interpolation, backend) = try reader.resampling()
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("Resize")
    let scale = try self.scale(&sample, image, using: &generator)
    sample.detection.scale = (scale.first, scale.second)
    guard scale.first > 0, scale.second > 0 else {
      throw DataError("Resize: a scale must be positive, found \(scale)", file: sample.file?.path)
    }
    let size = size(of: image, scale)
    let resized = try image.resized(
      width: size.width, height: size.height, interpolation, backend, of: sample.file, by: "Resize")
    let (x, y) = (
      Float(Double(size.width) / Double(image.width)), Float(Double(size.height) / Double(image.height))
    )
    sample.replaceImage(resized)
    sample.meta.padShape = sample.meta.imageShape
    sample.meta.scaleFactor = [x, y, x, y]
    sample.detection.isResized = true
    resizeBoxes(&sample, x, y, size)
    if let masks = sample.detection.masks {
      // Their size is that of the annotations, which may be another one than the picture's.
      let own =
        keepsRatio
        ? rescaleSize(width: masks.width, height: masks.height, scale: .within(scale.first, scale.second))
        : (width: size.width, height: size.height, factor: 1)
      try InstanceMasks.check(height: own.height, width: own.width)
      sample.detection.masks = masks.resized(toWidth: own.width, height: own.height)
    }
    if let map = sample.detection.semanticMap {
      let size = self.size(of: map, scale)
      sample.detection.semanticMap = try map.resized(
        width: size.width, height: size.height, .nearest, backend, of: sample.file, by: "Resize")
    }
    return true
  }

  /// The scale to use now.
  private func scale(
    _ sample: inout Sample, _ image: Image, using generator: inout RandomGenerator
  ) throws -> (first: Int, second: Int) {
    let fields = sample.detection
    if let scale = fields.scale, !overrides {
      guard !fields.isResized else {
        throw DataError(
          "Resize: the picture is resized already; set override=True to resize it again",
          file: sample.file?.path)
      }
      return scale
    }
    if fields.scale == nil, let factor = fields.factor {
      return (Int(Double(image.width) * factor), Int(Double(image.height) * factor))
    }
    return try draw(sample.file, using: &generator)
  }

  private func draw(_ file: SampleFile?, using generator: inout RandomGenerator) throws -> (
    first: Int, second: Int
  ) {
    guard let first = scales.first else {
      throw DataError(
        "Resize: img_scale must be given outside of MultiScaleFlipAug, found none", file: file?.path)
    }
    if let ratioRange {
      let ratio = generator.uniform(ratioRange.lowerBound, ratioRange.upperBound)
      return (Int(Double(first.first) * ratio), Int(Double(first.second) * ratio))
    }
    guard scales.count > 1 else { return (first.first, first.second) }
    if mode == .value {
      let scale = scales[generator.integer(0..<scales.count)]
      return (scale.first, scale.second)
    }
    func between(_ a: Int, _ b: Int) -> Int { generator.integer(min(a, b)..<(max(a, b) + 1)) }
    let second = scales[1]
    let long = between(max(first.first, first.second), max(second.first, second.second))
    return (long, between(min(first.first, first.second), min(second.first, second.second)))
  }

  private func size(of image: Image, _ scale: (first: Int, second: Int)) -> (width: Int, height: Int) {
    guard keepsRatio else { return (scale.first, scale.second) }
    let size = rescaleSize(
      width: image.width, height: image.height, scale: .within(scale.first, scale.second))
    return (size.width, size.height)
  }

  private func resizeBoxes(_ sample: inout Sample, _ x: Float, _ y: Float, _ size: (width: Int, height: Int))
  {
    let (width, height, clips) = (Float(size.width), Float(size.height), clipsBoxes)
    sample.detection.changeBoxes { boxes in
      for index in boxes.indices {
        var box = boxes[index]
        box = Box(box.x1 * x, box.y1 * y, box.x2 * x, box.y2 * y)
        boxes[index] = clips ? box.clipped(width: width, height: height) : box
      }
    }
  }
}

extension Box {
  /// The part inside of a picture.
  func clipped(width: Float, height: Float) -> Box {
    Box(min(max(x1, 0), width), min(max(y1, 0), height), min(max(x2, 0), width), min(max(y2, 0), height))
  }
}

extension ConfigReader {
  /// One pair of numbers, or several: `(1333, 800)`, `[(1333, 640), (1333, 800)]`.
  mutating func scales(_ key: String) throws -> [Resize.Scale]? {
    guard let node = node(key), !node.isNone else { return nil }
    func pair(_ node: ConfigNode, _ path: String) throws -> Resize.Scale {
      let numbers = try [Int](from: node, at: path)
      guard numbers.count == 2, numbers.allSatisfy({ (1...65536).contains($0) }) else {
        throw BuildError(
          .invalid("must be a pair of numbers in 1...65536, found \(numbers)"), path: path,
          location: node.location)
      }
      return Resize.Scale(first: numbers[0], second: numbers[1])
    }
    guard let items = node.items, !items.isEmpty else {
      throw BuildError(
        .wrongType(expected: "a pair of numbers or a list of them", found: node.summary), path: path(key),
        location: node.location)
    }
    let path = path(key)
    guard items.contains(where: { $0.items != nil }) else { return [try pair(node, path)] }
    return try items.enumerated().map { try pair($1, "\(path).\($0)") }
  }
}
