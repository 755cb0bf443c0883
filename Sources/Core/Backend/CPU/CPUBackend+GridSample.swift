import CKernels

extension CPUBackend {
  func gridSample(_ x: Tensor, grid: Tensor, _ sampling: GridSampling) -> Tensor {
    let (x, grid) = (x.channelsLastDetached(), grid.contiguousDetached())
    let y = Tensor(channelsLast: [x.shape[0], x.shape[1], grid.shape[1], grid.shape[2]])
    if y.count > 0 {
      var parameters = mm_grid_sample(sampling, image: x.shape, grid: grid.shape)
      mm_grid_sample_forward(
        &parameters, x.pointer(Float.self), grid.pointer(Float.self), y.pointer(Float.self))
    }
    return y
  }

  func gridSampleGradient(
    _ gradient: Tensor, x: Tensor, grid: Tensor, _ sampling: GridSampling, wantsImage: Bool, wantsGrid: Bool
  ) -> (image: Tensor?, grid: Tensor?) {
    let (x, grid) = (x.channelsLastDetached(), grid.contiguousDetached())
    let gradient = gradient.channelsLastDetached()
    let forImage = wantsImage ? Tensor(uninitialized: x.shape, strides: x.strides) : nil
    let forGrid = wantsGrid ? Tensor(uninitialized: grid.shape) : nil
    if gradient.count == 0 {
      forImage?.fillInPlace(0)
      forGrid?.fillInPlace(0)
    } else {
      var parameters = mm_grid_sample(sampling, image: x.shape, grid: grid.shape)
      mm_grid_sample_backward(
        &parameters, x.pointer(Float.self), grid.pointer(Float.self), gradient.pointer(Float.self),
        forImage?.pointer(Float.self), forGrid?.pointer(Float.self))
    }
    return (forImage, forGrid)
  }
}

extension mm_grid_sample {
  fileprivate init(_ sampling: GridSampling, image: [Int], grid: [Int]) {
    let mode =
      switch sampling.mode {
      case .bilinear: MM_SAMPLE_BILINEAR
      case .nearest: MM_SAMPLE_NEAREST
      case .bicubic: MM_SAMPLE_BICUBIC
      }
    let padding =
      switch sampling.padding {
      case .zeros: MM_SAMPLE_ZEROS
      case .border: MM_SAMPLE_BORDER
      case .reflection: MM_SAMPLE_REFLECTION
      }
    self.init(
      n: image[0], h: image[2], w: image[3], c: image[1], oh: grid[1], ow: grid[2], mode: mode,
      padding: padding,
      align_corners: sampling.alignCorners ? 1 : 0)
  }
}
