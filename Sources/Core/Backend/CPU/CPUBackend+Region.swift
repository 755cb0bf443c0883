import CKernels

extension CPUBackend {
  func poolRegions(_ maps: [Tensor], _ regions: Regions, _ pooling: RegionPooling) -> (Tensor, kept: Tensor?)
  {
    let maps = maps.map { $0.channelsLastDetached() }
    let shape = [regions.count, maps[0].shape[1], pooling.output.h, pooling.output.w]
    let y = Tensor(channelsLast: shape)
    let kept = pooling.method == .alignAverage ? nil : Tensor(channelsLast: shape, dtype: .int32)
    let levels = zip(maps, regions.scales).map { map, scale in
      mm_region_map(
        n: map.shape[0], h: map.shape[2], w: map.shape[3], scale: scale, x: map.pointer(Float.self), dx: nil)
    }
    // The parameters hold addresses only, and arrays may go after their last use.
    withExtendedLifetime(maps) {
      withParameters(levels, shape, regions, pooling) {
        mm_region_forward($0, y.pointer(Float.self), kept?.pointer(Int32.self))
      }
    }
    return (y, kept)
  }

  func poolRegionsGradient(
    _ gradient: Tensor, shapes: [[Int]], _ regions: Regions, _ pooling: RegionPooling, kept: Tensor?
  ) -> [Tensor] {
    let gradient = gradient.channelsLastDetached()
    let results = shapes.map { Tensor(channelsLast: $0) }
    let levels = zip(results, regions.scales).map { map, scale in
      mm_region_map(
        n: map.shape[0], h: map.shape[2], w: map.shape[3], scale: scale, x: nil, dx: map.pointer(Float.self))
    }
    withParameters(levels, gradient.shape, regions, pooling) {
      mm_region_backward($0, gradient.pointer(Float.self), kept?.pointer(Int32.self))
    }
    return results
  }

  private func withParameters(
    _ levels: [mm_region_map], _ shape: [Int], _ regions: Regions, _ pooling: RegionPooling,
    _ body: (UnsafePointer<mm_region_pool>) -> Void
  ) {
    let method =
      switch pooling.method {
      case .alignAverage: MM_REGION_ALIGN_AVERAGE
      case .alignMaximum: MM_REGION_ALIGN_MAXIMUM
      case .pool: MM_REGION_POOL
      }
    // An empty array has no address to speak of; it is never read.
    let boxes = regions.boxes.isEmpty ? [0] : regions.boxes
    levels.withUnsafeBufferPointer { maps in
      boxes.withUnsafeBufferPointer { boxes in
        (regions.levels ?? []).withUnsafeBufferPointer { level in
          var parameters = mm_region_pool(
            regions: regions.count, c: shape[1], oh: shape[2], ow: shape[3], method: method,
            sampling: pooling.samplingRatio, aligned: pooling.isAligned ? 1 : 0, maps: maps.baseAddress!,
            levels: levels.count, boxes: boxes.baseAddress!,
            level: regions.levels == nil ? nil : level.baseAddress)
          body(&parameters)
        }
      }
    }
  }

  func reassemble(_ x: Tensor, kernels: Tensor, size: Int, groups: Int, factor: Int) -> Tensor {
    let (x, kernels) = (x.channelsLastDetached(), kernels.channelsLastDetached())
    let y = Tensor(channelsLast: [x.shape[0], x.shape[1], factor * x.shape[2], factor * x.shape[3]])
    var parameters = mm_carafe(x, size: size, groups: groups, factor: factor)
    if y.count > 0 {
      mm_carafe_forward(
        &parameters, x.pointer(Float.self), kernels.pointer(Float.self), y.pointer(Float.self))
    }
    return y
  }

  func reassembleGradient(
    _ gradient: Tensor, x: Tensor, kernels: Tensor, size: Int, groups: Int, factor: Int, wantsImage: Bool,
    wantsKernels: Bool
  ) -> (image: Tensor?, kernels: Tensor?) {
    let (x, kernels) = (x.channelsLastDetached(), kernels.channelsLastDetached())
    let gradient = gradient.channelsLastDetached()
    let forImage = wantsImage ? Tensor(channelsLast: x.shape) : nil
    let forKernels = wantsKernels ? Tensor(channelsLast: kernels.shape) : nil
    if gradient.count == 0 {
      forImage?.fillInPlace(0)
      forKernels?.fillInPlace(0)
    } else {
      var parameters = mm_carafe(x, size: size, groups: groups, factor: factor)
      mm_carafe_backward(
        &parameters, x.pointer(Float.self), kernels.pointer(Float.self), gradient.pointer(Float.self),
        forImage?.pointer(Float.self), forKernels?.pointer(Float.self))
    }
    return (forImage, forKernels)
  }
}

extension mm_carafe {
  fileprivate init(_ x: Tensor, size: Int, groups: Int, factor: Int) {
    self.init(
      n: x.shape[0], h: x.shape[2], w: x.shape[3], c: x.shape[1], size: size, groups: groups, factor: factor)
  }
}
