import CKernels

/// Which way an image is mirrored: mmcv's `direction`.
public enum FlipDirection: String, Sendable, CaseIterable {
  case horizontal, vertical, diagonal
}

/// What a padded border shows: mmcv's `padding_mode`.
public enum BorderMode: String, Sendable, CaseIterable {
  /// One colour.
  case constant
  /// The nearest edge pixel.
  case edge
  /// A mirror that does not repeat the edge pixel: `[3, 2, 1, 2, 3]`.
  case reflect
  /// A mirror that does: `[2, 1, 1, 2, 3]`.
  case symmetric

  var code: Int {
    switch self {
    case .constant: MM_BORDER_CONSTANT
    case .edge: MM_BORDER_EDGE
    case .reflect: MM_BORDER_REFLECT
    case .symmetric: MM_BORDER_SYMMETRIC
    }
  }
}

extension Image {
  /// A mirror image: mmcv's `imflip`.
  public func flipped(_ direction: FlipDirection = .horizontal) -> Image {
    like(width: width, height: height) { target in
      withRawPixels {
        mm_image_flip(
          $0, Int32(width), Int32(height), Int32(pixelBytes), direction == .vertical ? 0 : 1,
          direction == .horizontal ? 0 : 1, target)
      }
    }
  }

  /// This image with borders added: mmcv's `impad` with `padding`.
  /// - Parameters:
  ///   - value: the border's colour when `mode` is `.constant`: one a channel, or one for the first and 0 for the rest; limited and rounded to the
  ///     samples' kind.
  public func padded(
    left: Int = 0, top: Int = 0, right: Int = 0, bottom: Int = 0, value: [Double] = [0],
    mode: BorderMode = .constant
  ) -> Image {
    precondition(
      left >= 0 && top >= 0 && right >= 0 && bottom >= 0,
      "Image.padded: borders must not be negative, found \([left, top, right, bottom])")
    let newWidth = left + width + right
    let newHeight = top + height + bottom
    // OpenCV takes a single number for the colour (number, 0, 0, 0), and mmcv passes it on.
    let color = value.count == 1 ? value + [Double](repeating: 0, count: channels - 1) : value
    let pixel = pixelValue(color, "padded")
    return like(width: newWidth, height: newHeight) { target in
      withRawPixels {
        mm_image_pad(
          $0, Int32(width), Int32(height), Int32(pixelBytes), Int32(left), Int32(top), Int32(right),
          Int32(bottom),
          Int32(mode.code), pixel, target)
      }
    }
  }

  /// This image grown to a size at the right and the bottom: mmcv's `impad` with `shape`. Sides that are large enough
  /// stay.
  public func padded(
    toWidth newWidth: Int, height newHeight: Int, value: [Double] = [0], mode: BorderMode = .constant
  ) -> Image {
    padded(right: max(newWidth - width, 0), bottom: max(newHeight - height, 0), value: value, mode: mode)
  }

  /// This image grown until both sides are multiples of `divisor`: mmcv's `impad_to_multiple`.
  public func padded(toMultipleOf divisor: Int, value: [Double] = [0]) -> Image {
    precondition(divisor > 0, "Image.padded: the divisor must be positive, found \(divisor)")
    return padded(
      toWidth: (width + divisor - 1) / divisor * divisor, height: (height + divisor - 1) / divisor * divisor,
      value: value)
  }

  /// A part of this image.
  /// - Precondition: the part is not empty and inside the image.
  public func cropped(x: Int, y: Int, width newWidth: Int, height newHeight: Int) -> Image {
    precondition(
      x >= 0 && y >= 0 && newWidth > 0 && newHeight > 0 && x <= width - newWidth && y <= height - newHeight,
      "Image.cropped: \(newWidth)x\(newHeight) at (\(x), \(y)) must lie inside \(width)x\(height)")
    let step = pixelBytes
    return like(width: newWidth, height: newHeight) { target in
      withRawPixels { source in
        for row in 0..<newHeight {
          (target + row * newWidth * step).update(
            from: source + ((y + row) * width + x) * step, count: newWidth * step)
        }
      }
    }
  }

  /// A box cut out of this image: mmcv's `imcrop`. Corners are inclusive.
  ///
  /// - Parameters:
  ///   - box: `x1, y1, x2, y2` in pixels.
  ///   - scale: grows the box around its centre first.
  ///   - fill: the colour of what lies outside; nil cuts the box at the image's edges instead.
  /// - Throws: ``ImageError`` when nothing of the box lies inside the image.
  public func cropped(box: (Double, Double, Double, Double), scale: Double = 1, fill: [Double]? = nil) throws
    -> Image
  {
    var (x1, y1, x2, y2) = box
    if scale != 1 {
      let dw = (x2 - x1 + 1) * (scale - 1) * 0.5
      let dh = (y2 - y1 + 1) * (scale - 1) * 0.5
      (x1, y1, x2, y2) = (x1 - dw, y1 - dh, x2 + dw, y2 + dh)
    }
    guard [x1, y1, x2, y2].allSatisfy({ abs($0) < 1e6 }) else {
      throw ImageError("a crop's corners must be within a million pixels, found \([x1, y1, x2, y2])")
    }
    let (left, top, right, bottom) = (Int(x1), Int(y1), Int(x2), Int(y2))
    let (x, y) = (min(max(left, 0), width - 1), min(max(top, 0), height - 1))
    let (endX, endY) = (min(max(right, 0), width - 1), min(max(bottom, 0), height - 1))
    guard endX >= x, endY >= y else {
      throw ImageError("a crop must have x1 <= x2 and y1 <= y2, found \([left, top, right, bottom])")
    }
    let part = cropped(x: x, y: y, width: endX - x + 1, height: endY - y + 1)
    guard let fill else { return part }
    guard left <= x, top <= y, right >= endX, bottom >= endY else {
      throw ImageError("a crop must touch the \(width)x\(height) image, found \([left, top, right, bottom])")
    }
    let color = fill.count == 1 ? [Double](repeating: fill[0], count: channels) : fill
    return part.padded(left: x - left, top: y - top, right: right - endX, bottom: bottom - endY, value: color)
  }

  /// One pixel of the samples' kind, as bytes.
  func pixelValue(_ value: [Double], _ operation: String) -> [UInt8] {
    precondition(
      value.count == 1 || value.count == channels,
      "Image.\(operation): a colour must be 1 or \(channels) numbers, found \(value.count)")
    let full = value.count == channels ? value : [Double](repeating: value[0], count: channels)
    guard isFloat else { return full.map { UInt8(min(max($0.rounded(.toNearestOrEven), 0), 255)) } }
    return full.flatMap { number in withUnsafeBytes(of: Float(number)) { Array($0) } }
  }
}
