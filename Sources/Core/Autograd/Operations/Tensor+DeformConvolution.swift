// Convolution with kernels whose points move.
extension Tensor {
  /// Cross-correlates images with kernels whose points lie off the grid, as mmcv's `deform_conv2d`, and with a mask as its
  /// `modulated_deform_conv2d`.
  ///
  /// Dai et al., 2017 (<https://arxiv.org/abs/1703.06211>); Zhu et al., 2018 (<https://arxiv.org/abs/1811.11168>).
  /// Between pixels values are interpolated bilinearly; beyond the image they are 0.
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, O, H', W']`, channels-last.
  /// - Parameters:
  ///   - offset: `[N, 2 · deformGroups · kH · kW, H', W']`: for each group and point how far it moves down, then right.
  ///   - mask: `[N, deformGroups · kH · kW, H', W']`, factors of what is read.
  ///   - weight: `[O, C / groups, kH, kW]`
  ///   - bias: `[O]`
  public func deformConv2d(
    offset: Tensor, mask: Tensor? = nil, _ weight: Tensor, bias: Tensor? = nil, stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1, groups: Int = 1, deformGroups: Int = 1
  ) -> Tensor {
    let geometry = DeformableGeometry(
      convolution: ConvolutionGeometry(stride: stride, padding: padding, dilation: dilation, groups: groups),
      groups: deformGroups)
    checkDeformable(offset, mask, weight, bias, geometry)
    let isRecording = Tape.isRecording(self, offset, mask, weight, bias)
    let wants = (
      image: requiresGradient, offset: offset.requiresGradient, mask: mask?.requiresGradient ?? false,
      weight: weight.requiresGradient
    )
    let wantsBias = bias?.requiresGradient ?? false
    let (x, moves, factors) = (
      channelsLastDetached(), offset.channelsLastDetached(), mask?.channelsLastDetached()
    )
    let kernel = weight.detached()
    let y = backend.deformConv2d(x, offset: moves, mask: factors, kernel, bias: bias?.detached(), geometry)
    return Tape.record(
      "deform_conv2d", geometry.convolution.attributes(kernel: weight.imageSize),
      inputs: [self, offset, mask, weight, bias], output: y,
      saving: isRecording ? [x, moves, kernel] + [factors].compactMap { $0 } : []
    ) { gradient in
      let gradient = gradient.channelsLastDetached()
      let (image, offset, mask, weight) = gradient.backend.deformConv2dGradient(
        gradient, x, offset: moves, mask: factors, kernel, geometry, wants: wants)
      return [image, offset, mask, weight, wantsBias ? gradient.sum([0, 2, 3]) : nil]
    }
  }

  private func checkDeformable(
    _ offset: Tensor, _ mask: Tensor?, _ weight: Tensor, _ bias: Tensor?, _ geometry: DeformableGeometry
  ) {
    requireImage("deformConv2d")
    weight.requireImage("deformConv2d")
    let (groups, deformGroups) = (geometry.convolution.groups, geometry.groups)
    precondition(
      weight.shape[1] * groups == shape[1] && weight.shape[0] % groups == 0 && deformGroups > 0
        && shape[1] % deformGroups == 0,
      "Tensor.deformConv2d: \(shape[1]) channels in \(groups) groups and \(deformGroups) deformable ones, "
        + "found a weight \(weight.shape)")
    let size = geometry.convolution.outputSize(imageSize, kernel: weight.imageSize)
    let points = deformGroups * weight.shape[2] * weight.shape[3]
    precondition(
      offset.shape == [shape[0], 2 * points, size.h, size.w] && offset.dtype == .float32,
      "Tensor.deformConv2d: offsets of shape \([shape[0], 2 * points, size.h, size.w]), found \(offset.shape)"
    )
    precondition(
      mask.map { $0.shape == [shape[0], points, size.h, size.w] && $0.dtype == .float32 } ?? true,
      "Tensor.deformConv2d: a mask of shape \([shape[0], points, size.h, size.w]), found \(mask?.shape ?? [])"
    )
    precondition(
      bias.map { $0.shape == [weight.shape[0]] && $0.dtype == .float32 } ?? true,
      "Tensor.deformConv2d: a bias of shape [\(weight.shape[0])], found \(bias?.shape ?? [])")
  }
}
