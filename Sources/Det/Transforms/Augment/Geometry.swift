import Core
import PyConfig

/// What operations share that move the picture under its frame.
struct GeometryOptions: Sendable {
  var strength: AugmentStrength
  var color: [Double]
  var semanticValue: Double
  /// How often the operation goes the other way.
  var negativeProbability: Double

  init(from reader: inout ConfigReader) throws {
    strength = try AugmentStrength(from: &reader)
    let color = try reader.value("img_fill_val", default: OneOrMany<Double>([128], wasList: false)).elements
    guard color.count == 1 || color.count == 3, color.allSatisfy({ (0...255).contains($0) }) else {
      throw reader.invalid("must be 1 or 3 numbers in 0...255, found \(color)", key: "img_fill_val")
    }
    self.color = color.count == 1 ? [Double](repeating: color[0], count: 3) : color
    semanticValue = try reader.value("seg_ignore_label", default: 255)
    negativeProbability = try reader.share("random_negative_prob", default: 0.5)
  }

  /// The picture, where colours fit it.
  func image(of sample: Sample, _ name: String) throws -> Image {
    let image = try sample.requireImage(name)
    guard image.channels == color.count else {
      throw DataError(
        "\(name): an image of \(color.count) channels, found \(image.channels)", file: sample.file?.path)
    }
    return image
  }

  func signed(_ value: Double, _ generator: inout RandomGenerator) -> Double {
    generator.uniform() < negativeProbability ? -value : value
  }
}

extension Sample {
  /// Moves the corners of each box and takes the boxes around them; what lies outside, or has no extent, is left out.
  fileprivate mutating func warpBoxes(_ map: AffineMap) {
    let (height, width) = (Double(meta.imageShape[0]), Double(meta.imageShape[1]))
    detection.moveBoxes { box in
      let corners = [(box.x1, box.y1), (box.x2, box.y1), (box.x1, box.y2), (box.x2, box.y2)].map { x, y in
        (map.a * Double(x) + map.b * Double(y) + map.c, map.d * Double(x) + map.e * Double(y) + map.f)
      }
      let (xs, ys) = (corners.map(\.0), corners.map(\.1))
      let x1 = min(max(xs.min() ?? 0, 0), width)
      let y1 = min(max(ys.min() ?? 0, 0), height)
      let x2 = min(max(xs.max() ?? 0, x1), width)
      let y2 = min(max(ys.max() ?? 0, y1), height)
      let moved = Box(Float(x1), Float(y1), Float(x2), Float(y2))
      return moved.isValid ? moved : nil
    }
  }
}

/// Shifts rows, or columns, in proportion to their number. Mirrors mmdet's `Shear`.
public struct Shear: Transform, ConfigRecord {
  let options: GeometryOptions
  public var direction: FlipDirection
  public var magnitude: Double
  public var interpolation: Interpolation

  public init(from reader: inout ConfigReader) throws {
    options = try GeometryOptions(from: &reader)
    direction = try reader.straightDirection()
    magnitude = options.strength.value(try reader.share("max_shear_magnitude", default: 0.3))
    interpolation = try reader.warpInterpolation()
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard options.strength.isDone(&generator) else { return true }
    let image = try options.image(of: sample, "Shear")
    let magnitude = options.signed(magnitude, &generator)
    let (direction, interpolation) = (direction, interpolation)
    sample.replaceImage(
      image.sheared(magnitude: magnitude, direction, value: options.color, interpolation: interpolation))
    let amount = Double(Float(magnitude))
    let map = direction == .horizontal ? AffineMap(1, amount, 0, 0, 1, 0) : AffineMap(1, 0, 0, amount, 1, 0)
    // Masks first: those of objects that are left out go with them.
    sample.detection.masks = sample.detection.masks?.sheared(
      magnitude: magnitude, direction, interpolation: interpolation)
    sample.warpBoxes(map)
    if let semantic = sample.detection.semanticMap {
      sample.detection.semanticMap = semantic.sheared(
        magnitude: magnitude, direction, value: [options.semanticValue], interpolation: interpolation)
    }
    return true
  }
}

/// Turns the picture. Mirrors mmdet's `Rotate`.
public struct Rotate: Transform, ConfigRecord {
  let options: GeometryOptions
  /// In degrees, clockwise.
  public var angle: Double
  public var scale: Double
  /// x and y; `nil` for the middle.
  public var center: (x: Double, y: Double)?

  public init(from reader: inout ConfigReader) throws {
    options = try GeometryOptions(from: &reader)
    angle = options.strength.value(try reader.value("max_rotate_angle", default: 30))
    scale = try reader.value("scale", default: 1)
    guard scale > 0, scale <= 1000, abs(angle) <= 1e6 else {
      throw reader.invalid("scale must be in 0...1000 and the angle finite, found \(scale) and \(angle)")
    }
    if let given: OneOrMany<Double> = try reader.optional("center") {
      guard let x = given.elements.first, let y = given.elements.last, given.elements.count <= 2 else {
        throw reader.invalid("must be one number or two, found \(given.elements)", key: "center")
      }
      center = (x, y)
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard options.strength.isDone(&generator) else { return true }
    let image = try options.image(of: sample, "Rotate")
    let center = self.center ?? (Double(image.width - 1) * 0.5, Double(image.height - 1) * 0.5)
    let (angle, scale) = (options.signed(angle, &generator), scale)
    sample.replaceImage(image.rotated(degrees: angle, center: center, scale: scale, value: options.color))
    let map = AffineMap.rotation(centerX: center.x, centerY: center.y, degrees: -angle, scale: scale)
    sample.detection.masks = sample.detection.masks?.rotated(degrees: angle, center: center, scale: scale)
    sample.warpBoxes(map)
    if let semantic = sample.detection.semanticMap {
      sample.detection.semanticMap = semantic.rotated(
        degrees: angle, center: center, scale: scale, value: [options.semanticValue])
    }
    return true
  }
}

/// Moves the picture along one axis. Mirrors mmdet's `Translate`.
public struct Translate: Transform, ConfigRecord {
  let options: GeometryOptions
  public var direction: FlipDirection
  /// In pixels.
  public var offset: Int
  /// Objects that become this narrow are left out.
  public var minSize: Double

  public init(from reader: inout ConfigReader) throws {
    options = try GeometryOptions(from: &reader)
    direction = try reader.straightDirection()
    let most = try reader.value("max_translate_offset", default: 250.0)
    guard abs(most) <= 1e6 else {
      throw reader.invalid("must be within 10^6, found \(most)", key: "max_translate_offset")
    }
    offset = Int(options.strength.value(most))
    minSize = try reader.value("min_size", default: 0)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard options.strength.isDone(&generator) else { return true }
    let image = try options.image(of: sample, "Translate")
    let (offset, direction) = (options.signed(Double(offset), &generator), direction)
    sample.replaceImage(image.translated(offset: offset, direction, value: options.color))
    sample.detection.masks = sample.detection.masks?.translated(offset: offset, direction)
    let (height, width, least) = (Float(image.height), Float(image.width), Float(minSize))
    sample.detection.moveBoxes { box in
      var box = box
      if direction == .horizontal {
        (box.x1, box.x2) = (max(0, box.x1 + Float(offset)), min(width, box.x2 + Float(offset)))
      } else {
        (box.y1, box.y2) = (max(0, box.y1 + Float(offset)), min(height, box.y2 + Float(offset)))
      }
      return box.width > least && box.height > least ? box : nil
    }
    if let semantic = sample.detection.semanticMap {
      sample.detection.semanticMap = semantic.translated(
        offset: offset, direction, value: [options.semanticValue])
    }
    return true
  }
}

extension ConfigReader {
  fileprivate mutating func straightDirection() throws -> FlipDirection {
    let direction: FlipDirection = try value("direction", default: .horizontal)
    guard direction != .diagonal else {
      throw invalid("must be 'horizontal' or 'vertical', found 'diagonal'", key: "direction")
    }
    return direction
  }

  fileprivate mutating func warpInterpolation() throws -> Interpolation {
    let interpolation: Interpolation = try value("interpolation", default: .bilinear)
    guard interpolation == .bilinear || interpolation == .nearest else {
      throw invalid(
        "must be 'bilinear' or 'nearest', found '\(interpolation.rawValue)'", key: "interpolation")
    }
    return interpolation
  }
}
