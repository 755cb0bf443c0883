// Transposed convolution: the gradient of a convolution as a forward pass.
extension Tensor {
  /// Spreads each pixel through a kernel, as `torch.nn.functional.conv_transpose2d`.
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, O, H', W']`, channels-last, with
  ///   `H' = (H - 1) · stride - 2 · padding + dilation · (kH - 1) + outputPadding + 1`.
  /// - Parameters:
  ///   - weight: `[C, O / groups, kH, kW]`
  ///   - bias: `[O]`
  ///   - outputPadding: rows and columns added at the bottom and on the right; below the stride or the dilation.
  public func convTranspose2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: Pair = 1, padding: Pair = 0, outputPadding: Pair = 0,
    groups: Int = 1, dilation: Pair = 1
  ) -> Tensor {
    let geometry = ConvolutionGeometry(stride: stride, padding: padding, dilation: dilation, groups: groups)
    requireImage("convTranspose2d")
    weight.requireImage("convTranspose2d")
    precondition(
      weight.shape[0] == shape[1] && shape[1] % groups == 0,
      "Tensor.convTranspose2d: \(shape[1]) channels in \(groups) groups, "
        + "found an image \(shape) and a weight \(weight.shape)")
    let channels = weight.shape[1] * groups
    precondition(
      bias.map { $0.shape == [channels] && $0.dtype == .float32 } ?? true,
      "Tensor.convTranspose2d: a bias of shape [\(channels)], found \(bias?.shape ?? [])")
    let size = geometry.transposedOutputSize(imageSize, kernel: weight.imageSize, extra: outputPadding)
    let isRecording = Tape.isRecording(self, weight, bias)
    let (wantsImage, wantsWeight) = (requiresGradient, weight.requiresGradient)
    let wantsBias = bias?.requiresGradient ?? false
    let x = channelsLastDetached()
    let y = backend.conv2dInputGradient(
      x, weight.detached(), bias: bias?.detached(), activation: .none, size: size, geometry,
      isTraining: isRecording, keepsPacked: !(isRecording && wantsWeight))
    var attributes: [String: OperationAttribute] { geometry.attributes(kernel: weight.imageSize) }
    guard isRecording else {
      return Tape.record("conv_transpose2d", attributes, inputs: [self, weight, bias], output: y) { _ in [] }
    }
    let image = wantsWeight ? x : nil
    let kernel = wantsImage ? weight.detached() : nil
    let (inputSize, weightShape) = (imageSize, weight.shape)
    return Tape.record(
      "conv_transpose2d", attributes, inputs: [self, weight, bias], output: y,
      saving: [image, kernel].compactMap { $0 }
    ) { gradient in
      let backend = gradient.backend
      let gradient = gradient.channelsLastDetached()
      let forImage = kernel.map { kernel in
        // The convolution of which this is the transpose; it may end before the rows that output padding added.
        var forward = geometry
        forward.endPadding = geometry.endPadding(for: size, kernel: kernel.imageSize, output: inputSize)
        return backend.conv2d(
          gradient, kernel, scale: nil, bias: nil, residual: nil, activation: .none, forward,
          isTraining: true, keepsPacked: !wantsWeight)
      }
      let forWeight = image.map {
        backend.conv2dWeightGradient(gradient, $0, weightShape: weightShape, wantsBias: false, geometry)
          .weight
      }
      return [forImage, forWeight, wantsBias ? gradient.sum([0, 2, 3]) : nil]
    }
  }
}

extension ConvolutionGeometry {
  /// The padding at the end, possibly negative, with which an image of `size` convolves to exactly `output`.
  fileprivate func endPadding(for size: Pair, kernel: Pair, output: Pair) -> Pair {
    Pair(
      h: (output.h - 1) * stride.h + dilation.h * (kernel.h - 1) + 1 - size.h - padding.h,
      w: (output.w - 1) * stride.w + dilation.w * (kernel.w - 1) + 1 - size.w - padding.w)
  }
}
