import CKernels

extension Image {
  /// `(image - mean) / std` a channel, as floats: mmcv's `imnormalize`, to the bit.
  ///
  /// The mean is rounded to 32 bits and subtracted; the difference times `1 / std` is computed in 64 and rounded.
  /// - Parameters:
  ///   - mean: one number a channel of the result.
  ///   - std: likewise; not zero.
  ///   - toRGB: swaps the first and the last channel before.
  public func normalized(mean: [Double], std: [Double], toRGB: Bool = true) -> Image {
    precondition(
      mean.count == channels && std.count == channels,
      "Image.normalized: must be given \(channels) means and deviations, found \(mean.count) and \(std.count)"
    )
    let means = mean.map { Float($0) }
    let scales = std.map { 1 / $0 }
    let swap: Int32 = toRGB && channels >= 3 ? 1 : 0
    return .makeFloats(width: width, height: height, channels: channels) { target in
      switch pixels {
      case .u8(let samples):
        mm_image_normalize_u8(samples, width * height, Int32(channels), swap, means, scales, target)
      case .f32(let samples):
        mm_image_normalize_f32(samples, width * height, Int32(channels), swap, means, scales, target)
      }
    }
  }

  /// Undoes ``normalized(mean:std:toRGB:)``: `image * std + mean`, as mmcv's `imdenormalize`.
  public func denormalized(mean: [Double], std: [Double], toBGR: Bool = true) -> Image {
    precondition(
      mean.count == channels && std.count == channels,
      "Image.denormalized: must be given \(channels) means and deviations, found \(mean.count) and \(std.count)"
    )
    let means = mean.map { Float($0) }
    guard case .f32(let samples) = pixels else {
      preconditionFailure("Image.denormalized: must be an image of floats, found bytes")
    }
    let (channels, last) = (channels, channels - 1)
    let swap = toBGR && channels >= 3
    return .makeFloats(width: width, height: height, channels: channels) { target in
      for i in 0..<width * height {
        for c in 0..<channels {
          let to = swap && channels == 3 ? last - c : c
          target[i * channels + to] = Float(Double(samples[i * channels + c]) * std[c]) + means[c]
        }
      }
    }
  }
}
