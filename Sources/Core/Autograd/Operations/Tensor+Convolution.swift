// Convolution and its gradients.
extension Tensor {
  /// Cross-correlates images with kernels, as `torch.nn.functional.conv2d`.
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, O, H', W']`, channels-last, with
  ///   `H' = (H + padding - dilation · (kH - 1) - 1) / stride + 1`.
  /// - Parameters:
  ///   - weight: `[O, C / groups, kH, kW]`
  ///   - bias: `[O]`
  ///   - endPadding: zeros below and to the right; `padding` unless given.
  ///   - activation: applied to the result.
  public func conv2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: Pair = 1, padding: Pair = 0, endPadding: Pair? = nil,
    dilation: Pair = 1, groups: Int = 1, activation: FusedActivation = .none
  ) -> Tensor {
    let geometry = ConvolutionGeometry(
      stride: stride, padding: padding, endPadding: endPadding, dilation: dilation, groups: groups)
    return conv2d(weight, bias: bias, geometry, activation: activation)
  }

  /// The same with everything that says how the kernel slides in one value.
  public func conv2d(
    _ weight: Tensor, bias: Tensor? = nil, _ geometry: ConvolutionGeometry,
    activation: FusedActivation = .none
  ) -> Tensor {
    checkConvolution(weight, bias, geometry)
    let isRecording = Tape.isRecording(self, weight, bias)
    // Backward sees the activation through its result; where that does not suffice, it is an operation of its own.
    if isRecording, let operation = activation.operation, backend.unaryNeeds(operation).input {
      return conv2d(weight, bias: bias, geometry).applying(operation)
    }
    let (wantsImage, wantsWeight) = (requiresGradient, weight.requiresGradient)
    let wantsBias = bias?.requiresGradient ?? false
    let x = channelsLastDetached()
    let y = backend.conv2d(
      x, weight.detached(), scale: nil, bias: bias?.detached(), residual: nil, activation: activation,
      geometry,
      isTraining: isRecording, keepsPacked: !(isRecording && wantsWeight))
    var attributes: [String: OperationAttribute] { geometry.attributes(kernel: weight.imageSize) }
    guard isRecording else {
      return Tape.record("conv2d", attributes, inputs: [self, weight, bias], output: y) { _ in [] }
    }
    // The image for the gradient of the weights, the weights for that of the image.
    let image = wantsWeight ? x : nil
    let kernel = wantsImage ? weight.detached() : nil
    let result = activation == .none ? nil : y
    let (size, weightShape) = (x.imageSize, weight.shape)
    return Tape.record(
      "conv2d", attributes, inputs: [self, weight, bias], output: y,
      saving: [image, kernel, result].compactMap { $0 }
    ) { gradient in
      let backend = gradient.backend
      var gradient = gradient
      if let operation = activation.operation {
        gradient = backend.unaryGradient(operation, input: nil, output: result, gradient: gradient)
      }
      gradient = gradient.channelsLastDetached()
      let forImage = kernel.map {
        backend.conv2dInputGradient(
          gradient, $0, bias: nil, activation: .none, size: size, geometry, isTraining: true,
          keepsPacked: !wantsWeight)
      }
      guard let image else { return [forImage, nil, wantsBias ? gradient.sum([0, 2, 3]) : nil] }
      let forWeight = backend.conv2dWeightGradient(
        image, gradient, weightShape: weightShape, wantsBias: wantsBias, geometry)
      return [forImage, forWeight.weight, forWeight.bias]
    }
  }

  /// `activation(scale · conv2d(weight) + bias + residual)` in one pass, for inference.
  ///
  /// The packed, scaled weights are kept at the weight's storage until it or `scale` changes.
  ///
  /// - Parameters:
  ///   - scale: `[O]`, a factor for each output channel: a folded normalisation.
  ///   - residual: of the shape of the result.
  /// - Precondition: no gradient is recorded.
  public func conv2dFused(
    _ weight: Tensor, scale: Tensor? = nil, bias: Tensor? = nil, residual: Tensor? = nil,
    activation: FusedActivation = .none, _ geometry: ConvolutionGeometry
  ) -> Tensor {
    checkConvolution(weight, bias, geometry)
    precondition(
      !Tape.isRecording(self, weight, scale, bias, residual),
      "Tensor.conv2dFused: only where no gradient is recorded")
    let size = geometry.outputSize(imageSize, kernel: weight.imageSize)
    let outputShape = [shape[0], weight.shape[0], size.h, size.w]
    precondition(
      scale.map { $0.shape == [weight.shape[0]] } ?? true,
      "Tensor.conv2dFused: a scale of shape [\(weight.shape[0])], found \(scale?.shape ?? [])")
    precondition(
      residual.map { $0.shape == outputShape } ?? true,
      "Tensor.conv2dFused: a residual of shape \(outputShape), found \(residual?.shape ?? [])")
    let y = backend.conv2d(
      detached(), weight.detached(), scale: scale?.detached(), bias: bias?.detached(),
      residual: residual?.detached(),
      activation: activation, geometry, isTraining: false, keepsPacked: true)
    return Tape.record(
      "conv2d", geometry.attributes(kernel: weight.imageSize), inputs: [self, weight, bias], output: y
    ) { _ in [] }
  }

  private func checkConvolution(_ weight: Tensor, _ bias: Tensor?, _ geometry: ConvolutionGeometry) {
    requireImage("conv2d")
    weight.requireImage("conv2d")
    let groups = geometry.groups
    precondition(
      weight.shape[1] * groups == shape[1] && weight.shape[0] % groups == 0,
      "Tensor.conv2d: \(shape[1]) channels in \(groups) groups, found an image \(shape) and a weight \(weight.shape)"
    )
    precondition(
      bias.map { $0.shape == [weight.shape[0]] && $0.dtype == .float32 } ?? true,
      "Tensor.conv2d: a bias of shape [\(weight.shape[0])], found \(bias?.shape ?? [])")
  }
}
