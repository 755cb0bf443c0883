import CKernels
import Foundation

/// A map of the plane: `x' = a x + b y + c`, `y' = d x + e y + f`, from source to result.
public struct AffineMap: Sendable, Equatable {
  public var a, b, c, d, e, f: Double

  public init(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ e: Double, _ f: Double) {
    (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
  }

  /// A turn by `degrees` (positive: counter-clockwise) and scaling around a centre: `cv2.getRotationMatrix2D`, whose
  /// centre has 32 bits.
  public static func rotation(centerX: Double, centerY: Double, degrees: Double, scale: Double = 1)
    -> AffineMap
  {
    let (x, y) = (Double(Float(centerX)), Double(Float(centerY)))
    let angle = degrees * Double.pi / 180
    let (alpha, beta) = (cos(angle) * scale, sin(angle) * scale)
    return AffineMap(alpha, beta, (1 - alpha) * x - beta * y, -beta, alpha, beta * x + (1 - alpha) * y)
  }

  /// The map back. A flat map goes back to all zeros, as in OpenCV.
  var inverse: [Double] {
    let determinant = a * e - b * d
    let scale = determinant != 0 ? 1 / determinant : 0
    let (ia, ie, ib, id) = (e * scale, a * scale, b * -scale, d * -scale)
    return [ia, ib, -ia * c - ib * f, id, ie, -id * c - ie * f]
  }
}

extension Image {
  /// This image moved by `map` into a `width` × `height` frame, bilinear or nearest: `cv2.warpAffine`.
  ///
  /// Equals OpenCV 5.
  /// - Parameters:
  ///   - value: the colour of what lies outside when `mode` is `.constant`: one number, or one a channel.
  public func warped(
    _ map: AffineMap, width newWidth: Int, height newHeight: Int, interpolation: Interpolation = .bilinear,
    mode: BorderMode = .constant, value: [Double] = [0]
  ) -> Image {
    precondition(
      newWidth > 0 && newHeight > 0 && newWidth < 1 << 24 && newHeight < 1 << 24,
      "Image.warped: the new sides must be 1..<2^24, found \(newWidth)x\(newHeight)")
    precondition(
      interpolation == .bilinear || interpolation == .nearest,
      "Image.warped: must be bilinear or nearest, found \(interpolation)")
    precondition(
      value.count == 1 || value.count == channels,
      "Image.warped: a colour must be 1 or \(channels) numbers, found \(value.count)")
    let fill = (0..<channels).map { c -> Float in
      let number = value[value.count == 1 ? 0 : c]
      return isFloat ? Float(number) : Float(min(max(number.rounded(.toNearestOrEven), 0), 255))
    }
    return like(width: newWidth, height: newHeight) { target in
      withRawPixels {
        mm_image_warp(
          $0, isFloat ? 1 : 0, Int32(width), Int32(height), Int32(channels), map.inverse,
          interpolation == .bilinear ? 1 : 0, Int32(mode.code), fill, target, Int32(newWidth),
          Int32(newHeight))
      }
    }
  }

  /// This image turned clockwise: mmcv's `imrotate`.
  /// - Parameters:
  ///   - center: x and y in the source; nil for the middle of the image.
  ///   - autoBound: makes room for the whole turned image; needs the default centre.
  public func rotated(
    degrees: Double, center: (x: Double, y: Double)? = nil, scale: Double = 1, value: [Double] = [0],
    interpolation: Interpolation = .bilinear, autoBound: Bool = false, mode: BorderMode = .constant
  ) -> Image {
    precondition(center == nil || !autoBound, "Image.rotated: autoBound must not be combined with a centre")
    let middle = center ?? (Double(width - 1) * 0.5, Double(height - 1) * 0.5)
    var map = AffineMap.rotation(centerX: middle.x, centerY: middle.y, degrees: -degrees, scale: scale)
    var (newWidth, newHeight) = (width, height)
    if autoBound {
      let (cosine, sine) = (abs(map.a), abs(map.b))
      let exactWidth = Double(height) * sine + Double(width) * cosine
      let exactHeight = Double(height) * cosine + Double(width) * sine
      map.c += (exactWidth - Double(width)) * 0.5
      map.f += (exactHeight - Double(height)) * 0.5
      newWidth = max(1, Int(exactWidth.rounded(.toNearestOrEven)))
      newHeight = max(1, Int(exactHeight.rounded(.toNearestOrEven)))
    }
    return warped(
      map, width: newWidth, height: newHeight, interpolation: interpolation, mode: mode, value: value)
  }

  /// This image with its rows (or columns) shifted in proportion to their number: mmcv's `imshear`.
  public func sheared(
    magnitude: Double, _ direction: FlipDirection = .horizontal, value: [Double] = [0],
    interpolation: Interpolation = .bilinear
  ) -> Image {
    precondition(direction != .diagonal, "Image.sheared: must be horizontal or vertical, found diagonal")
    let amount = Double(Float(magnitude))
    let map = direction == .horizontal ? AffineMap(1, amount, 0, 0, 1, 0) : AffineMap(1, 0, 0, amount, 1, 0)
    return warped(map, width: width, height: height, interpolation: interpolation, value: value)
  }

  /// This image moved by `offset` pixels: mmcv's `imtranslate`.
  public func translated(
    offset: Double, _ direction: FlipDirection = .horizontal, value: [Double] = [0],
    interpolation: Interpolation = .bilinear
  ) -> Image {
    precondition(direction != .diagonal, "Image.translated: must be horizontal or vertical, found diagonal")
    let amount = Double(Float(offset))
    let map = direction == .horizontal ? AffineMap(1, 0, amount, 0, 1, 0) : AffineMap(1, 0, 0, 0, 1, amount)
    return warped(map, width: width, height: height, interpolation: interpolation, value: value)
  }
}
