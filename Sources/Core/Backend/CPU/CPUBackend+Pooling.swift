import CKernels

extension CPUBackend: PoolingBackend {
  func maxPool2d(_ x: Tensor, _ geometry: PoolingGeometry, wantsIndex: Bool) -> (y: Tensor, index: Tensor?) {
    let x = x.channelsLastDetached()
    let shape = [x.shape[0], x.shape[1], geometry.output.h, geometry.output.w]
    let y = Tensor(channelsLast: shape)
    let index = wantsIndex ? Tensor(channelsLast: shape, dtype: .int32) : nil
    if y.count > 0 {
      var pool = mm_pool2d(geometry, image: x.shape)
      mm_max_pool2d_forward(&pool, x.pointer(Float.self), y.pointer(Float.self), index?.pointer(Int32.self))
    }
    return (y, index)
  }

  func maxPool2dGradient(_ gradient: Tensor, index: Tensor, size: Pair) -> Tensor {
    let gradient = gradient.channelsLastDetached()
    let x = Tensor(channelsLast: [gradient.shape[0], gradient.shape[1], size.h, size.w])
    if x.count > 0 {
      // Only sizes matter: the places are in `index`.
      var pool = mm_pool2d(
        n: gradient.shape[0], h: size.h, w: size.w, c: gradient.shape[1], oh: gradient.shape[2],
        ow: gradient.shape[3], kh: 1, kw: 1, sh: 1, sw: 1, ph: 0, pw: 0, dh: 1, dw: 1)
      mm_max_pool2d_backward(
        &pool, gradient.pointer(Float.self), index.pointer(Int32.self), x.pointer(Float.self))
    }
    return x
  }

  func avgPool2d(_ x: Tensor, _ geometry: PoolingGeometry, countsPadding: Bool, divisor: Int?) -> Tensor {
    let x = x.channelsLastDetached()
    let y = Tensor(channelsLast: [x.shape[0], x.shape[1], geometry.output.h, geometry.output.w])
    if y.count > 0 {
      var pool = mm_pool2d(geometry, image: x.shape)
      mm_avg_pool2d_forward(
        &pool, countsPadding ? 1 : 0, divisor ?? 0, x.pointer(Float.self), y.pointer(Float.self))
    }
    return y
  }

  func avgPool2dGradient(
    _ gradient: Tensor, _ geometry: PoolingGeometry, size: Pair, countsPadding: Bool, divisor: Int?
  ) -> Tensor {
    let gradient = gradient.channelsLastDetached()
    let x = Tensor(channelsLast: [gradient.shape[0], gradient.shape[1], size.h, size.w])
    if x.count > 0 {
      var pool = mm_pool2d(geometry, image: x.shape)
      mm_avg_pool2d_backward(
        &pool, countsPadding ? 1 : 0, divisor ?? 0, gradient.pointer(Float.self), x.pointer(Float.self))
    }
    return x
  }

  func adaptiveAvgPool2d(_ x: Tensor, output: Pair) -> Tensor {
    let x = x.channelsLastDetached()
    let y = Tensor(channelsLast: [x.shape[0], x.shape[1], output.h, output.w])
    if y.count > 0 {
      mm_adaptive_avg_pool2d_forward(
        x.shape[0], x.shape[2], x.shape[3], x.shape[1], output.h, output.w, x.pointer(Float.self),
        y.pointer(Float.self))
    }
    return y
  }

  func adaptiveAvgPool2dGradient(_ gradient: Tensor, size: Pair) -> Tensor {
    let gradient = gradient.channelsLastDetached()
    let (n, channels) = (gradient.shape[0], gradient.shape[1])
    let x = Tensor(channelsLast: [n, channels, size.h, size.w])
    if x.count > 0 {
      mm_adaptive_avg_pool2d_backward(
        n, size.h, size.w, channels, gradient.shape[2], gradient.shape[3], gradient.pointer(Float.self),
        x.pointer(Float.self))
    }
    return x
  }

  func adaptiveMaxPool2d(_ x: Tensor, output: Pair, wantsIndex: Bool) -> (y: Tensor, index: Tensor?) {
    let x = x.channelsLastDetached()
    let shape = [x.shape[0], x.shape[1], output.h, output.w]
    let y = Tensor(channelsLast: shape)
    let index = wantsIndex ? Tensor(channelsLast: shape, dtype: .int32) : nil
    if y.count > 0 {
      mm_adaptive_max_pool2d_forward(
        x.shape[0], x.shape[2], x.shape[3], x.shape[1], output.h, output.w, x.pointer(Float.self),
        y.pointer(Float.self), index?.pointer(Int32.self))
    }
    return (y, index)
  }
}

extension mm_pool2d {
  fileprivate init(_ geometry: PoolingGeometry, image: [Int]) {
    func int(_ value: Int) -> Int32 {
      guard let result = Int32(exactly: value) else {
        preconditionFailure("pool2d: kernels, strides, paddings and dilations below 2^31, found \(value)")
      }
      return result
    }
    self.init(
      n: image[0], h: image[2], w: image[3], c: image[1], oh: geometry.output.h, ow: geometry.output.w,
      kh: int(geometry.kernel.h), kw: int(geometry.kernel.w), sh: int(geometry.stride.h),
      sw: int(geometry.stride.w), ph: int(geometry.padding.h), pw: int(geometry.padding.w),
      dh: int(geometry.dilation.h), dw: int(geometry.dilation.w))
  }
}
