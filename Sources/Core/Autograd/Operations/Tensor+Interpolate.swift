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

  /// Which channel would be the largest at each pixel after bilinear resizing, the first of equals: what
  /// `interpolate(size:mode:alignCorners:)` and `argmax(1)` give, without the resized image ever being there.
  ///
  /// - Input: `[N, C, H, W]` of 1 to 256 channels; the result is `[N, size.h, size.w]`, `uint8`, outside of any graph.
  public func resizedArgmax(size: Pair, alignCorners: Bool = false) -> Tensor {
    requireImage("resizedArgmax")
    precondition(
      (1...256).contains(shape[1]) && imageSize.h > 0 && imageSize.w > 0 && size.h > 0 && size.w > 0,
      "Tensor.resizedArgmax: 1 to 256 channels and at least one pixel, found \(shape) and \(size)")
    return backend.resizedArgmax(
      detached(), Resize(mode: .bilinear, output: size, scale: nil, alignCorners: alignCorners))
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
