import CKernels

/// Hue, saturation and value as OpenCV keeps them. Bytes: hue in half degrees (0..<180), the rest 0...255. Floats: hue in
/// degrees, saturation 0...1, value in the unit of the input.
extension Image {
  /// mmcv's `bgr2hsv`.
  public func bgrToHSV() -> Image { converted(mm_image_to_hsv_u8, mm_image_to_hsv_f32, blueFirst: true) }

  /// mmcv's `rgb2hsv`.
  public func rgbToHSV() -> Image { converted(mm_image_to_hsv_u8, mm_image_to_hsv_f32, blueFirst: false) }

  /// mmcv's `hsv2bgr`.
  public func hsvToBGR() -> Image { converted(mm_image_from_hsv_u8, mm_image_from_hsv_f32, blueFirst: true) }

  /// mmcv's `hsv2rgb`.
  public func hsvToRGB() -> Image { converted(mm_image_from_hsv_u8, mm_image_from_hsv_f32, blueFirst: false) }

  private func converted(
    _ bytes: (UnsafePointer<UInt8>, Int, Int32, UnsafeMutablePointer<UInt8>) -> Void,
    _ floats: (UnsafePointer<Float>, Int, Int32, UnsafeMutablePointer<Float>) -> Void, blueFirst: Bool
  ) -> Image {
    precondition(channels == 3, "Image.bgrToHSV: must have 3 channels, found \(channels)")
    switch pixels {
    case .u8(let samples):
      return .makeBytes(width: width, height: height, channels: 3) {
        bytes(samples, width * height, blueFirst ? 1 : 0, $0)
      }
    case .f32(let samples):
      return .makeFloats(width: width, height: height, channels: 3) {
        floats(samples, width * height, blueFirst ? 1 : 0, $0)
      }
    }
  }
}
