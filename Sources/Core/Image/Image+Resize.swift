import CKernels

/// How new samples come from old ones: mmcv's `interpolation`.
public enum Interpolation: String, Sendable, CaseIterable {
  case nearest
  case bilinear
  case bicubic
  /// OpenCV only.
  case area
  case lanczos
  /// Pillow only.
  case box
  /// Pillow only.
  case hamming

  var cv2Code: Int? {
    switch self {
    case .nearest: MM_SCALE_NEAREST
    case .bilinear: MM_SCALE_LINEAR
    case .bicubic: MM_SCALE_CUBIC
    case .area: MM_SCALE_AREA
    case .lanczos: MM_SCALE_LANCZOS
    case .box, .hamming: nil
    }
  }

  var pillowCode: Int? {
    switch self {
    case .nearest: MM_PILLOW_NEAREST
    case .bilinear: MM_PILLOW_BILINEAR
    case .bicubic: MM_PILLOW_BICUBIC
    case .lanczos: MM_PILLOW_LANCZOS
    case .box: MM_PILLOW_BOX
    case .hamming: MM_PILLOW_HAMMING
    case .area: nil
    }
  }

  /// Whether `backend` has this interpolation.
  public func exists(in backend: ImageBackend) -> Bool {
    (backend == .cv2 ? cv2Code : pillowCode) != nil
  }
}

extension Image {
  /// This image at another size: mmcv's `imresize`.
  ///
  /// With `.cv2`, bytes equal `cv2.resize` (bicubic: but for ties, one level) and floats agree to 1e-6; with `.pillow`
  /// (bytes only), `PIL.Image.resize`. See docs/images.md.
  /// - Complexity: O(new pixels × filter taps); one thread.
  public func resized(
    width newWidth: Int, height newHeight: Int, interpolation: Interpolation = .bilinear,
    backend: ImageBackend = .cv2
  ) -> Image {
    precondition(
      newWidth > 0 && newHeight > 0,
      "Image.resized: the new sides must be positive, found \(newWidth)x\(newHeight)")
    precondition(
      newWidth < 1 << 24 && newHeight < 1 << 24,
      "Image.resized: the new sides must be below 2^24, found \(newWidth)x\(newHeight)")
    guard let code = backend == .cv2 ? interpolation.cv2Code : interpolation.pillowCode else {
      preconditionFailure("Image.resized: \(backend) has no interpolation '\(interpolation)'")
    }
    let (sw, sh, dw, dh) = (Int32(width), Int32(height), Int32(newWidth), Int32(newHeight))
    switch (pixels, backend) {
    case (.u8(let samples), .cv2):
      return .makeBytes(width: newWidth, height: newHeight, channels: channels) {
        mm_image_resize_u8(samples, sw, sh, Int32(channels), $0, dw, dh, Int32(code))
      }
    case (.f32(let samples), .cv2):
      return .makeFloats(width: newWidth, height: newHeight, channels: channels) {
        mm_image_resize_f32(samples, sw, sh, Int32(channels), $0, dw, dh, Int32(code))
      }
    case (.u8(let samples), .pillow):
      precondition(channels != 2, "Image.resized: Pillow resizes 1, 3 or 4 channels here, found 2")
      return .makeBytes(width: newWidth, height: newHeight, channels: channels) {
        mm_image_resize_pillow(samples, sw, sh, Int32(channels), $0, dw, dh, Int32(code))
      }
    case (.f32, .pillow):
      preconditionFailure("Image.resized: the Pillow backend must be given bytes, found floats")
    }
  }

  /// This image at the largest size that `scale` allows: mmcv's `imrescale`.
  /// - Returns: the image and the factor, the same on both axes before rounding.
  public func rescaled(
    to scale: RescaleTarget, interpolation: Interpolation = .bilinear, backend: ImageBackend = .cv2
  ) -> (image: Image, factor: Double) {
    let size = rescaleSize(width: width, height: height, scale: scale)
    let image = resized(
      width: size.width, height: size.height, interpolation: interpolation, backend: backend)
    return (image, size.factor)
  }
}

/// What an image is rescaled to: mmcv's `scale`.
public enum RescaleTarget: Sendable, Equatable {
  /// This many times as large; positive.
  case factor(Double)
  /// The long side at most the larger, the short side at most the smaller number, in any order.
  case within(Int, Int)
}

/// The size of a `width` × `height` image rescaled with its aspect ratio kept: mmcv's `rescale_size`. Sides are
/// `Int(side * factor + 0.5)`, at least 1 here.
public func rescaleSize(
  width: Int, height: Int, scale: RescaleTarget
) -> (width: Int, height: Int, factor: Double) {
  let factor: Double
  switch scale {
  case .factor(let value):
    precondition(value > 0, "rescaleSize: the factor must be positive, found \(value)")
    factor = value
  case .within(let a, let b):
    precondition(a > 0 && b > 0, "rescaleSize: the bounds must be positive, found \(a), \(b)")
    factor = min(
      Double(max(a, b)) / Double(max(width, height)), Double(min(a, b)) / Double(min(width, height)))
  }
  func side(_ value: Int) -> Int { max(1, Int(Double(value) * factor + 0.5)) }
  return (side(width), side(height), factor)
}
