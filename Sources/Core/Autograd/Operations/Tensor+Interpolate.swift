import PyConfig

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

// Resizing of images and feature maps.
extension Tensor {
  /// Resizes to a size, as `torch.nn.functional.interpolate(size=...)`.
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, C, size.h, size.w]`, channels-last.
  /// - Parameter alignCorners: whether the centres of the corner pixels stay where they are, for bilinear and bicubic.
  public func interpolate(size: Pair, mode: InterpolationMode = .nearest, alignCorners: Bool = false)
    -> Tensor
  {
    interpolate(Resize(mode: mode, output: size, scale: nil, alignCorners: alignCorners))
  }

  /// Resizes by a factor, as `torch.nn.functional.interpolate(scale_factor=...)`.
  ///
  /// The result is `[N, C, ⌊H · scale.h⌋, ⌊W · scale.w⌋]`; source positions follow from the factor itself, not from the
  /// ratio of the sizes, unless `recomputesScale`.
  public func interpolate(
    scaleFactor: ScaleFactor, mode: InterpolationMode = .nearest, alignCorners: Bool = false,
    recomputesScale: Bool = false
  ) -> Tensor {
    requireImage("interpolate")
    return interpolate(
      Resize(
        mode: mode, output: scaleFactor.scaled(imageSize), scale: recomputesScale ? nil : scaleFactor,
        alignCorners: alignCorners))
  }

  private func interpolate(_ resize: Resize) -> Tensor {
    if resize.mode == .area { return adaptiveAvgPool2d(resize.output) }
    requireImage("interpolate")
    let size = imageSize
    precondition(
      size.h > 0 && size.w > 0 && resize.output.h > 0 && resize.output.w > 0,
      "Tensor.interpolate: sizes of at least one pixel, found \(size) and \(resize.output)")
    let y = backend.resize(detached(), resize)
    return Tape.record(
      "interpolate", ["mode": .string(resize.mode.rawValue), "align_corners": .bool(resize.alignCorners)],
      inputs: [self], output: y
    ) {
      [$0.backend.resizeGradient($0, resize, size: size)]
    }
  }
}
