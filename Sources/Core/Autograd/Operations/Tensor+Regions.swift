// Reading boxes out of feature maps.
extension Tensor {
  /// Pools boxes on feature maps to one size, as mmcv's `roi_align` and `roi_pool`: RoIAlign of He et al., 2017, section 3
  /// (<https://arxiv.org/abs/1703.06870>), RoIPool of Girshick, 2015 (<https://arxiv.org/abs/1504.08083>).
  ///
  /// Boxes have no gradient. One of negative or endless size gives zeros.
  ///
  /// - Parameters:
  ///   - maps: feature maps `[N, C, H_i, W_i]` of the same images.
  ///   - scales: for each map, what coordinates are multiplied by: 1 / stride.
  ///   - boxes: five numbers a box: its image in the batch and `x1, y1, x2, y2` in the images' pixels.
  ///   - levels: the map of each box; by default the first.
  /// - Returns: `[boxes, C, output.h, output.w]`, channels-last.
  public static func poolingRegions(
    _ maps: [Tensor], scales: [Float], boxes: [Float], levels: [Int32]? = nil, _ pooling: RegionPooling
  ) -> Tensor {
    precondition(
      !maps.isEmpty && maps.count == scales.count,
      "Tensor.poolingRegions: maps with a scale each, found \(maps.count) and \(scales.count)")
    for map in maps {
      map.requireImage("poolingRegions")
      precondition(
        map.shape[0] == maps[0].shape[0] && map.shape[1] == maps[0].shape[1],
        "Tensor.poolingRegions: maps with as many images and channels each, found \(maps[0].shape) and \(map.shape)"
      )
    }
    let regions = Regions(boxes: boxes, levels: levels, scales: scales)
    let images = Float(maps[0].shape[0])
    precondition(
      boxes.count % 5 == 0 && levels?.count ?? regions.count == regions.count,
      "Tensor.poolingRegions: five numbers and a level a box, found \(boxes.count) and \(levels?.count ?? 0)")
    precondition(
      stride(from: 0, to: boxes.count, by: 5).allSatisfy { boxes[$0] >= 0 && boxes[$0] < images },
      "Tensor.poolingRegions: images within the batch of \(maps[0].shape[0])")
    precondition(
      levels?.allSatisfy { $0 >= 0 && Int($0) < maps.count } ?? true,
      "Tensor.poolingRegions: levels below \(maps.count)")
    precondition(
      pooling.output.h > 0 && pooling.output.w > 0 && pooling.samplingRatio >= 0,
      "Tensor.poolingRegions: an output of at least a pixel, found \(pooling.output)")
    let (y, kept) = maps[0].backend.poolRegions(maps.map { $0.detached() }, regions, pooling)
    let shapes = maps.map(\.shape)
    return Tape.record("roi_align", [:], inputs: maps, output: y) { gradient in
      gradient.backend.poolRegionsGradient(gradient, shapes: shapes, regions, pooling, kept: kept)
    }
  }

  /// Enlarges a feature map by a kernel of its own for each new pixel: CARAFE, Wang et al., 2019, section 3.2
  /// (<https://arxiv.org/abs/1905.02188>).
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, C, factor · H, factor · W]`, channels-last.
  /// - Parameters:
  ///   - kernels: `[N, groups · size², factor · H, factor · W]`, weights of the `size`x`size` pixels around the source of
  ///     each new pixel; pixels outside of the map count as 0.
  ///   - groups: how many kernels share the channels, which go to them in equal runs.
  public func reassembled(_ kernels: Tensor, size: Int, groups: Int = 1, factor: Int) -> Tensor {
    requireImage("reassembled")
    precondition(
      size > 0 && size % 2 == 1 && groups > 0 && factor > 0 && shape[1] % groups == 0,
      "Tensor.reassembled: an odd size and groups that divide the channels, found \(size), \(groups) for \(shape)"
    )
    precondition(
      kernels.shape == [shape[0], groups * size * size, factor * shape[2], factor * shape[3]]
        && kernels.dtype == .float32,
      "Tensor.reassembled: kernels [N, \(groups * size * size), \(factor)H, \(factor)W] for \(shape), "
        + "found \(kernels.shape)")
    let isRecording = Tape.isRecording(self, kernels)
    let (wantsImage, wantsKernels) = (requiresGradient, kernels.requiresGradient)
    let (x, weights) = (channelsLastDetached(), kernels.channelsLastDetached())
    let y = backend.reassemble(x, kernels: weights, size: size, groups: groups, factor: factor)
    return Tape.record(
      "carafe", [:], inputs: [self, kernels], output: y, saving: isRecording ? [x, weights] : []
    ) {
      let values = $0.backend.reassembleGradient(
        $0, x: x, kernels: weights, size: size, groups: groups, factor: factor, wantsImage: wantsImage,
        wantsKernels: wantsKernels)
      return [values.image, values.kernels]
    }
  }
}
