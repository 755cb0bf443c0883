import CKernels

/// Hue, saturation and value as OpenCV keeps them. Bytes: hue in half degrees (0..<180), the rest 0...255. Floats: hue in
/// degrees, saturation 0...1, value in the unit of the input.
extension Image {
  /// mmcv's `bgr2hsv`.
  public func bgrToHSV() -> Image { toHSV(blueFirst: 1) }

  /// mmcv's `rgb2hsv`.
  public func rgbToHSV() -> Image { toHSV(blueFirst: 0) }

  /// mmcv's `hsv2bgr`.
  public func hsvToBGR() -> Image { fromHSV(blueFirst: 1) }

  /// mmcv's `hsv2rgb`.
  public func hsvToRGB() -> Image { fromHSV(blueFirst: 0) }

  private func toHSV(blueFirst: Int32) -> Image {
    precondition(channels == 3, "Image.bgrToHSV: must have 3 channels, found \(channels)")
    switch pixels {
    case .u8(let samples):
      return .makeBytes(width: width, height: height, channels: 3) {
        mm_image_to_hsv_u8(samples, width * height, blueFirst, $0)
      }
    case .f32(let samples):
      return .makeFloats(width: width, height: height, channels: 3) {
        mm_image_to_hsv_f32(samples, width * height, blueFirst, $0)
      }
    }
  }

  private func fromHSV(blueFirst: Int32) -> Image {
    precondition(channels == 3, "Image.hsvToBGR: must have 3 channels, found \(channels)")
    switch pixels {
    case .u8(let samples):
      return .makeBytes(width: width, height: height, channels: 3) {
        mm_image_from_hsv_u8(samples, width, height, blueFirst, $0)
      }
    case .f32(let samples):
      return .makeFloats(width: width, height: height, channels: 3) {
        mm_image_from_hsv_f32(samples, width * height, blueFirst, $0)
      }
    }
  }
}
