import CKernels

/// The blends of mmcv's photometric functions (cv2 backend), equal to the bit on bytes. Images are BGR bytes.
extension Image {
  /// A blend with black: mmcv's `adjust_brightness`. 0 is black, 1 this image.
  public func adjustedBrightness(factor: Double) -> Image {
    blended(factor, with: [UInt8](repeating: 0, count: count), 1 - factor, cut: true, "adjustedBrightness")
  }

  /// A blend with the mean gray: mmcv's `adjust_contrast`.
  public func adjustedContrast(factor: Double) -> Image {
    let gray = bgrToGray().requireBytes("adjustedContrast")
    var total = 0
    for sample in gray { total += Int(sample) }
    let mean = UInt8((Double(total) / Double(gray.count)).rounded(.toNearestOrEven))
    return blended(
      factor, with: [UInt8](repeating: mean, count: count), 1 - factor, cut: true, "adjustedContrast")
  }

  /// A blend with the gray image: mmcv's `adjust_color`.
  public func adjustedColor(alpha: Double, beta: Double? = nil) -> Image {
    let gray = bgrToGray().grayToBGR().requireBytes("adjustedColor")
    return blended(alpha, with: gray, beta ?? 1 - alpha, cut: false, "adjustedColor")
  }

  /// A blend with a smoothed image: mmcv's `adjust_sharpness`.
  /// - Parameter kernel: 3 × 3 weights, row by row; nil for a soft one that sums to 1.
  public func adjustedSharpness(factor: Double, kernel: [Double]? = nil) -> Image {
    let weights = kernel ?? [1, 1, 1, 1, 5, 1, 1, 1, 1].map { $0 / 13 }
    return blended(
      factor, with: filtered(kernel: weights).requireBytes("adjustedSharpness"), 1 - factor, cut: true,
      "adjustedSharpness")
  }

  /// Correlation with 3 × 3 weights, reflecting at the borders: `cv2.filter2D` of bytes.
  public func filtered(kernel: [Double]) -> Image {
    precondition(kernel.count == 9, "Image.filtered: the kernel must be 9 numbers, found \(kernel.count)")
    let source = requireBytes("filtered")
    return .makeBytes(width: width, height: height, channels: channels) {
      mm_image_filter3(
        source, Int32(width), Int32(height), Int32(channels), kernel.map { Float($0) }, $0)
    }
  }

  /// AlexNet's colour jitter: mmcv's `adjust_lighting` for given random numbers.
  /// - Parameters:
  ///   - alpha: one normal number a principal component.
  ///   - values, vectors: eigenvalues, and eigenvectors as 3 rows (R, G, B if `toRGB`) of one column a component.
  /// - Returns: floats, not limited; RGB if `toRGB`.
  public func adjustedLighting(
    alpha: [Double], values: [Double], vectors: [[Double]], toRGB: Bool = true
  ) -> Image {
    precondition(
      channels == 3 && vectors.count == 3 && vectors.allSatisfy { $0.count == values.count }
        && alpha.count == values.count,
      "Image.adjustedLighting: must be given 3 rows of \(values.count) and as many numbers for 3 channels")
    let shift = vectors.map { row in row.indices.reduce(0.0) { $0 + row[$1] * alpha[$1] * values[$1] } }
    let source = (toRGB ? reversingColors() : self).toFloat()
    guard case .f32(let samples) = source.pixels else { return source }
    return .makeFloats(width: width, height: height, channels: 3) { target in
      for i in 0..<width * height {
        for c in 0..<3 { target[3 * i + c] = Float(Double(samples[3 * i + c]) + shift[c]) }
      }
    }
  }

  private func blended(
    _ alpha: Double, with other: [UInt8], _ beta: Double, cut: Bool, _ operation: String
  ) -> Image {
    let source = requireBytes(operation)
    return .makeBytes(width: width, height: height, channels: channels) {
      mm_image_blend_u8(source, Float(alpha), other, Float(beta), source.count, cut ? 1 : 0, $0)
    }
  }
}
