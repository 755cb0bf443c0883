import CKernels

extension Image {
  /// BGR to RGB or back (BGRA to RGBA): swaps the first and third channel. Other images stay.
  public func reversingColors() -> Image {
    guard channels >= 3 else { return self }
    return like(width: width, height: height) { target in
      withRawPixels {
        mm_image_swap_colors($0, width * height, Int32(channels), isFloat ? 4 : 1, target)
      }
    }
  }

  /// Each gray sample three times: mmcv's `gray2bgr`.
  public func grayToBGR() -> Image {
    precondition(channels == 1, "Image.grayToBGR: must have 1 channel, found \(channels)")
    let step = pixelBytes
    switch pixels {
    case .u8:
      return .makeBytes(width: width, height: height, channels: 3) { target in
        withRawPixels { mm_image_triple($0, width * height, Int32(step), target) }
      }
    case .f32:
      return .makeFloats(width: width, height: height, channels: 3) { target in
        withRawPixels { source in
          UnsafeMutableRawPointer(target).withMemoryRebound(
            to: UInt8.self, capacity: 3 * step * width * height
          ) {
            mm_image_triple(source, width * height, Int32(step), $0)
          }
        }
      }
    }
  }

  /// The first three of four channels.
  public func droppingAlpha() -> Image {
    guard channels == 4 else { return self }
    switch pixels {
    case .u8(let samples):
      return .makeBytes(width: width, height: height, channels: 3) { target in
        for i in 0..<width * height {
          for c in 0..<3 { target[3 * i + c] = samples[4 * i + c] }
        }
      }
    case .f32(let samples):
      return .makeFloats(width: width, height: height, channels: 3) { target in
        for i in 0..<width * height {
          for c in 0..<3 { target[3 * i + c] = samples[4 * i + c] }
        }
      }
    }
  }

  /// Luma of BGR: mmcv's `bgr2gray`.
  public func bgrToGray() -> Image { gray(blueFirst: true) }

  /// Luma of RGB: mmcv's `rgb2gray`.
  public func rgbToGray() -> Image { gray(blueFirst: false) }

  private func gray(blueFirst: Bool) -> Image {
    precondition(channels == 3, "Image.bgrToGray: must have 3 channels, found \(channels)")
    switch pixels {
    case .u8(let samples):
      return .makeBytes(width: width, height: height, channels: 1) {
        // Weights of 15 bits.
        mm_image_gray_u8(
          samples, width * height, 3, blueFirst ? 3735 : 9798, 19235, blueFirst ? 9798 : 3735, 15, $0)
      }
    case .f32(let samples):
      return .makeFloats(width: width, height: height, channels: 1) {
        mm_image_gray_f32(samples, width * height, blueFirst ? 1 : 0, $0)
      }
    }
  }

  /// The luma that OpenCV's BMP and PNM readers make: weights of 14 bits.
  func codecGray() -> Image {
    let samples = requireBytes("codecGray")
    return .makeBytes(width: width, height: height, channels: 1) {
      mm_image_gray_u8(samples, width * height, Int32(channels), 1868, 9617, 4899, 14, $0)
    }
  }

  /// The luma of Pillow's conversion to `L`: weights of 16 bits.
  func pillowGray() -> Image {
    let samples = requireBytes("pillowGray")
    return .makeBytes(width: width, height: height, channels: 1) {
      mm_image_gray_u8(samples, width * height, 3, 7471, 38470, 19595, 16, $0)
    }
  }

  /// 255 minus each sample: mmcv's `iminvert`.
  public func inverted() -> Image {
    switch pixels {
    case .u8(let samples):
      .makeBytes(width: width, height: height, channels: channels) { target in
        for i in samples.indices { target[i] = 255 - samples[i] }
      }
    case .f32(let samples):
      .makeFloats(width: width, height: height, channels: channels) { target in
        for i in samples.indices { target[i] = 255 - samples[i] }
      }
    }
  }
}
