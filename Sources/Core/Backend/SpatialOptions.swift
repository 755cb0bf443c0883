import PyConfig

// What can be chosen for resizing, sampling and padding.

/// How values between pixels are found.
public enum InterpolationMode: String, Sendable, CaseIterable, ConfigDecodable {
  /// The pixel at `⌊i · scale⌋`.
  case nearest
  /// The pixel whose centre is nearest.
  case nearestExact = "nearest-exact"
  case bilinear
  /// With the coefficient -0.75.
  case bicubic
  /// The mean of the pixels that a new one covers, as adaptive average pooling.
  case area
}

/// By how much images grow, along the height and along the width.
public struct ScaleFactor: Sendable, Hashable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ConfigDecodable
{
  public var h: Double
  public var w: Double

  public init(h: Double, w: Double) { (self.h, self.w) = (h, w) }
  public init(floatLiteral value: Double) { (h, w) = (value, value) }
  public init(integerLiteral value: Int) { (h, w) = (Double(value), Double(value)) }
  /// The same factor along both axes.
  public init(_ both: Double) { (h, w) = (both, both) }

  /// Takes a number or a list or tuple of two, `(h, w)`.
  public init(from node: ConfigNode, at path: String) throws {
    guard let items = node.items else {
      self.init(try Double(from: node, at: path))
      return
    }
    guard items.count == 2 else { throw node.mismatch("a number or two, (h, w)", at: path) }
    self.init(h: try Double(from: items[0], at: "\(path).0"), w: try Double(from: items[1], at: "\(path).1"))
  }

  /// `⌊size · factor⌋`, the size that an image of `size` grows to.
  func scaled(_ size: Pair) -> Pair {
    func extent(_ size: Int, _ factor: Double) -> Int {
      let result = (Double(size) * factor).rounded(.down)
      precondition(
        result >= 1 && result < 0x1p31,
        "Tensor.interpolate: factors that leave a pixel and are not huge, found \(factor) on \(size)")
      return Int(result)
    }
    return Pair(h: extent(size.h, h), w: extent(size.w, w))
  }
}

/// How `Tensor.gridSample` finds values between pixels.
public enum GridSampleMode: String, Sendable, CaseIterable, ConfigDecodable {
  case bilinear, nearest, bicubic
}

/// What `Tensor.gridSample` reads outside an image.
public enum GridSamplePadding: String, Sendable, CaseIterable, ConfigDecodable {
  case zeros
  /// The nearest border pixel.
  case border
  /// The image mirrored at its border.
  case reflection
}

/// What stands around a padded image.
public enum PadMode: String, Sendable, CaseIterable, ConfigDecodable {
  case constant
  /// Mirrored at the border pixel, which is not repeated.
  case reflect
  /// The border pixel, repeated.
  case replicate
  /// The opposite side.
  case circular
}
