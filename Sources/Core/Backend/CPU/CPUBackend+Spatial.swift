import CKernels

extension CPUBackend: SpatialBackend {
  func resize(_ x: Tensor, _ resize: Resize) -> Tensor {
    let x = x.channelsLastDetached()
    let y = Tensor(channelsLast: [x.shape[0], x.shape[1], resize.output.h, resize.output.w])
    if y.count > 0 {
      var parameters = mm_resize(resize, image: x.shape)
      mm_resize_forward(&parameters, x.pointer(Float.self), y.pointer(Float.self))
    }
    return y
  }

  func resizedArgmax(_ x: Tensor, _ resize: Resize) -> Tensor {
    let x = x.channelsLastDetached()
    let y = Tensor(uninitialized: [x.shape[0], resize.output.h, resize.output.w], dtype: .uint8)
    var parameters = mm_resize(resize, image: x.shape)
    mm_resize_largest(&parameters, x.pointer(Float.self), y.pointer(UInt8.self))
    return y
  }

  func resizeGradient(_ gradient: Tensor, _ resize: Resize, size: Pair) -> Tensor {
    let gradient = gradient.channelsLastDetached()
    let x = Tensor(channelsLast: [gradient.shape[0], gradient.shape[1], size.h, size.w])
    if x.count > 0 {
      var parameters = mm_resize(resize, image: x.shape)
      mm_resize_backward(&parameters, gradient.pointer(Float.self), x.pointer(Float.self))
    }
    return x
  }

  func pad2d(_ x: Tensor, _ border: Border, mode: PadMode, value: Float) -> Tensor {
    let x = x.channelsLastDetached()
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let y = Tensor(channelsLast: [n, c, h + border.top + border.bottom, w + border.left + border.right])
    if x.count == 0 {
      fill(y, with: Double(value))
    } else if y.count > 0 {
      mm_pad_forward(
        mode.kernel, n, h, w, c, border.top, border.bottom, border.left, border.right, value,
        x.pointer(Float.self), y.pointer(Float.self))
    }
    return y
  }

  func pad2dGradient(_ gradient: Tensor, _ border: Border, mode: PadMode) -> Tensor {
    let gradient = gradient.channelsLastDetached()
    let (n, c) = (gradient.shape[0], gradient.shape[1])
    let h = gradient.shape[2] - border.top - border.bottom
    let w = gradient.shape[3] - border.left - border.right
    let x = Tensor(channelsLast: [n, c, h, w])
    if gradient.count == 0 {
      fill(x, with: 0)
    } else if x.count > 0 {
      mm_pad_backward(
        mode.kernel, n, h, w, c, border.top, border.bottom, border.left, border.right,
        gradient.pointer(Float.self), x.pointer(Float.self))
    }
    return x
  }

  func pixelShuffle(_ x: Tensor, factor: Int) -> Tensor {
    let x = x.channelsLastDetached()
    let (n, c, h, w) = (x.shape[0], x.shape[1] / (factor * factor), x.shape[2], x.shape[3])
    let y = Tensor(channelsLast: [n, c, h * factor, w * factor])
    if y.count > 0 { mm_pixel_shuffle(n, h, w, c, factor, x.pointer(Float.self), y.pointer(Float.self)) }
    return y
  }

  func pixelUnshuffle(_ x: Tensor, factor: Int) -> Tensor {
    let x = x.channelsLastDetached()
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2] / factor, x.shape[3] / factor)
    let y = Tensor(channelsLast: [n, c * factor * factor, h, w])
    if y.count > 0 { mm_pixel_unshuffle(n, h, w, c, factor, x.pointer(Float.self), y.pointer(Float.self)) }
    return y
  }

  func unfold(_ x: Tensor, kernel: Pair, _ geometry: ConvolutionGeometry) -> Tensor {
    let x = x.channelsLastDetached()
    let places = geometry.outputSize(x.imageSize, kernel: kernel)
    let y = Tensor(uninitialized: [x.shape[0], x.shape[1] * kernel.h * kernel.w, places.h * places.w])
    if y.count > 0 {
      var parameters = mm_unfold2d(geometry, kernel: kernel, image: x.shape)
      mm_unfold(&parameters, x.pointer(Float.self), y.pointer(Float.self))
    }
    return y
  }

  func fold(_ columns: Tensor, size: Pair, kernel: Pair, _ geometry: ConvolutionGeometry) -> Tensor {
    let columns = columns.contiguousDetached()
    let x = Tensor(
      channelsLast: [columns.shape[0], columns.shape[1] / (kernel.h * kernel.w), size.h, size.w])
    if x.count > 0 {
      var parameters = mm_unfold2d(geometry, kernel: kernel, image: x.shape)
      mm_fold(&parameters, columns.pointer(Float.self), x.pointer(Float.self))
    }
    return x
  }
}

extension mm_resize {
  fileprivate init(_ resize: Resize, image: [Int]) {
    self.init(
      n: image[0], h: image[2], w: image[3], c: image[1], oh: resize.output.h, ow: resize.output.w,
      scale_h: resize.scale?.h ?? 0, scale_w: resize.scale?.w ?? 0,
      align_corners: resize.alignCorners ? 1 : 0,
      mode: resize.mode.kernel)
  }
}

extension mm_unfold2d {
  fileprivate init(_ geometry: ConvolutionGeometry, kernel: Pair, image: [Int]) {
    func int(_ value: Int) -> Int32 {
      guard let result = Int32(exactly: value) else {
        preconditionFailure("unfold: kernels, strides, paddings and dilations below 2^31, found \(value)")
      }
      return result
    }
    self.init(
      n: image[0], h: image[2], w: image[3], c: image[1], kh: int(kernel.h), kw: int(kernel.w),
      sh: int(geometry.stride.h), sw: int(geometry.stride.w), ph: int(geometry.padding.h),
      pw: int(geometry.padding.w), dh: int(geometry.dilation.h), dw: int(geometry.dilation.w))
  }
}

extension InterpolationMode {
  fileprivate var kernel: mm_resize_mode {
    switch self {
    case .nearest: MM_RESIZE_NEAREST
    case .nearestExact: MM_RESIZE_NEAREST_EXACT
    case .bilinear: MM_RESIZE_BILINEAR
    case .bicubic: MM_RESIZE_BICUBIC
    case .area: preconditionFailure("resize: area interpolation is an adaptive average")
    }
  }
}

extension PadMode {
  fileprivate var kernel: mm_pad_mode {
    switch self {
    case .constant: MM_PAD_CONSTANT
    case .reflect: MM_PAD_REFLECT
    case .replicate: MM_PAD_REPLICATE
    case .circular: MM_PAD_CIRCULAR
    }
  }
}
