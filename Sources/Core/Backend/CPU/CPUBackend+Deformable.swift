import CKernels

extension CPUBackend: DeformableBackend {
  func deformConv2d(
    _ x: Tensor, offset: Tensor, mask: Tensor?, _ weight: Tensor, bias: Tensor?,
    _ geometry: DeformableGeometry
  ) -> Tensor {
    let y = Tensor(channelsLast: [x.shape[0], weight.shape[0], offset.shape[2], offset.shape[3]])
    if y.count == 0 { return y }
    let (x, offset, mask) = (
      x.channelsLastDetached(), offset.channelsLastDetached(), mask?.channelsLastDetached()
    )
    // `[O, I, kH, kW]` in this layout is [O, kH, kW, I] in memory.
    let (weight, bias) = (weight.channelsLastDetached(), bias?.contiguousDetached())
    var shape = mm_deform_conv(geometry, image: x.shape, weight: weight.shape, output: y.shape)
    withExtendedLifetime((x, offset, mask, weight, bias)) {
      mm_deform_conv_forward(
        &shape, x.pointer(Float.self), offset.pointer(Float.self), mask?.pointer(Float.self),
        weight.pointer(Float.self), bias?.pointer(Float.self), y.pointer(Float.self))
    }
    return y
  }

  func deformConv2dGradient(
    _ gradient: Tensor, _ x: Tensor, offset: Tensor, mask: Tensor?, _ weight: Tensor,
    _ geometry: DeformableGeometry,
    wants: (image: Bool, offset: Bool, mask: Bool, weight: Bool)
  ) -> (image: Tensor?, offset: Tensor?, mask: Tensor?, weight: Tensor?) {
    let forImage = wants.image ? Tensor(channelsLast: x.shape) : nil
    let forOffset = wants.offset ? Tensor(channelsLast: offset.shape) : nil
    let forMask = wants.mask ? mask.map { Tensor(channelsLast: $0.shape) } : nil
    let forWeight = wants.weight ? Tensor(channelsLast: weight.shape) : nil
    if gradient.count == 0 {
      for tensor in [forImage, forOffset, forMask, forWeight] { tensor?.fillInPlace(0) }
      return (forImage, forOffset, forMask, forWeight)
    }
    let (x, offset, mask) = (
      x.channelsLastDetached(), offset.channelsLastDetached(), mask?.channelsLastDetached()
    )
    let (weight, gradient) = (weight.channelsLastDetached(), gradient.channelsLastDetached())
    var shape = mm_deform_conv(geometry, image: x.shape, weight: weight.shape, output: gradient.shape)
    withExtendedLifetime((x, offset, mask, weight, gradient)) {
      mm_deform_conv_backward(
        &shape, x.pointer(Float.self), offset.pointer(Float.self), mask?.pointer(Float.self),
        weight.pointer(Float.self), gradient.pointer(Float.self), forImage?.pointer(Float.self),
        forOffset?.pointer(Float.self), forMask?.pointer(Float.self), forWeight?.pointer(Float.self))
    }
    return (forImage, forOffset, forMask, forWeight)
  }
}

extension mm_deform_conv {
  fileprivate init(_ geometry: DeformableGeometry, image: [Int], weight: [Int], output: [Int]) {
    let conv = geometry.convolution
    self.init(
      n: image[0], h: image[2], w: image[3], c: image[1], oh: output[2], ow: output[3], oc: weight[0],
      kh: weight[2], kw: weight[3], stride_h: conv.stride.h, stride_w: conv.stride.w, pad_h: conv.padding.h,
      pad_w: conv.padding.w, dil_h: conv.dilation.h, dil_w: conv.dilation.w, groups: conv.groups,
      deform_groups: geometry.groups)
  }
}
