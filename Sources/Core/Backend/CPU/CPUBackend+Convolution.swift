import CKernels

extension CPUBackend: ConvolutionBackend {
  func conv2d(
    _ x: Tensor, _ weight: Tensor, scale: Tensor?, bias: Tensor?, residual: Tensor?,
    activation: FusedActivation,
    _ geometry: ConvolutionGeometry, isTraining: Bool, keepsPacked: Bool
  ) -> Tensor {
    let size = geometry.outputSize(x.imageSize, kernel: weight.imageSize)
    let y = Tensor(channelsLast: [x.shape[0], weight.shape[0], size.h, size.w])
    if y.count == 0 { return y }
    let x = x.channelsLastDetached()
    let (bias, residual) = (bias?.contiguousDetached(), residual?.channelsLastDetached())
    var shape = mm_conv_shape(geometry, image: x.shape, weight: weight.shape, output: size)
    let algorithm = mm_conv_choose(&shape, WinogradUse.current.setting(isTraining: isTraining))
    let packed = PackedWeights.make(shape, algorithm, .forward, weight, scale: scale, keeps: keepsPacked)
    let (kernel, parameter) = activation.kernel
    withExtendedLifetime((x, bias, residual, packed)) {
      mm_conv_forward(
        &shape, algorithm, x.pointer(Float.self), packed.pointer, bias?.pointer(Float.self),
        residual?.pointer(Float.self), kernel, parameter, y.pointer(Float.self))
    }
    return y
  }

  func conv2dInputGradient(
    _ gradient: Tensor, _ weight: Tensor, bias: Tensor?, activation: FusedActivation, size: Pair,
    _ geometry: ConvolutionGeometry, isTraining: Bool, keepsPacked: Bool
  ) -> Tensor {
    let channels = weight.shape[1] * geometry.groups
    let x = Tensor(channelsLast: [gradient.shape[0], channels, size.h, size.w])
    if x.count == 0 { return x }
    let gradient = gradient.channelsLastDetached()
    let bias = bias?.contiguousDetached()
    var shape = mm_conv_shape(geometry, image: x.shape, weight: weight.shape, output: gradient.imageSize)
    let algorithm = mm_conv_choose_dgrad(&shape, WinogradUse.current.setting(isTraining: isTraining))
    let packed = PackedWeights.make(shape, algorithm, .inputGradient, weight, scale: nil, keeps: keepsPacked)
    let (kernel, parameter) = activation.kernel
    withExtendedLifetime((gradient, bias, packed)) {
      mm_conv_backward_data(
        &shape, algorithm, gradient.pointer(Float.self), packed.pointer, bias?.pointer(Float.self), kernel,
        parameter, x.pointer(Float.self))
    }
    return x
  }

  func conv2dWeightGradient(
    _ x: Tensor, _ gradient: Tensor, weightShape: [Int], wantsBias: Bool, _ geometry: ConvolutionGeometry
  ) -> (weight: Tensor, bias: Tensor?) {
    if gradient.count == 0 {
      return (.zeros(weightShape), wantsBias ? .zeros([weightShape[0]]) : nil)
    }
    let weight = Tensor(uninitialized: weightShape)
    let bias = wantsBias ? Tensor(uninitialized: [weightShape[0]]) : nil
    let (x, gradient) = (x.channelsLastDetached(), gradient.channelsLastDetached())
    var shape = mm_conv_shape(geometry, image: x.shape, weight: weightShape, output: gradient.imageSize)
    withExtendedLifetime((x, gradient)) {
      mm_conv_backward_weight(
        &shape, x.pointer(Float.self), gradient.pointer(Float.self), weight.pointer(Float.self),
        bias?.pointer(Float.self))
    }
    return (weight, bias)
  }
}

extension mm_conv_shape {
  /// - Parameters:
  ///   - image: `[N, C, H, W]`
  ///   - weight: `[O, C / groups, kH, kW]`
  ///   - output: height and width of the result
  fileprivate init(_ geometry: ConvolutionGeometry, image: [Int], weight: [Int], output: Pair) {
    func int(_ value: Int) -> Int32 {
      guard let result = Int32(exactly: value) else {
        preconditionFailure("conv2d: sizes below 2^31, found \(value)")
      }
      return result
    }
    self.init(
      n: int(image[0]), h: int(image[2]), w: int(image[3]), c: int(image[1]), oc: int(weight[0]),
      kh: int(weight[2]), kw: int(weight[3]), stride_h: int(geometry.stride.h),
      stride_w: int(geometry.stride.w),
      pad_h: int(geometry.padding.h), pad_w: int(geometry.padding.w), dil_h: int(geometry.dilation.h),
      dil_w: int(geometry.dilation.w), groups: int(geometry.groups), oh: int(output.h), ow: int(output.w))
    precondition(
      mm_conv_shape_valid(&self) != 0,
      "conv2d: sizes that can be computed on, found image \(image), weight \(weight), \(geometry)")
  }
}

extension FusedActivation {
  /// The kernel's name and parameter.
  var kernel: (mm_activation, Float) {
    switch self {
    case .none: (MM_ACT_NONE, 0)
    case .relu: (MM_ACT_RELU, 0)
    case .relu6: (MM_ACT_RELU6, 0)
    case .leakyReLU(let slope): (MM_ACT_LEAKY_RELU, slope)
    case .clip(let max): (MM_ACT_CLIP, max)
    case .silu: (MM_ACT_SILU, 0)
    case .hardSwish: (MM_ACT_HSWISH, 0)
    case .sigmoid: (MM_ACT_SIGMOID, 0)
    case .gelu: (MM_ACT_GELU, 0)
    }
  }
}

extension Tensor {
  /// A new tensor of four axes with undefined elements that lies as `[N, H, W, C]`.
  init(channelsLast shape: [Int], dtype: DType = .float32) {
    self.init(uninitialized: shape, strides: Strides.channelsLast(shape), dtype: dtype)
  }

  /// Height and width of a feature map `[N, C, H, W]`.
  public var imageSize: Pair { Pair(h: shape[2], w: shape[3]) }

  /// Traps unless this is a `float32` tensor of four axes.
  func requireImage(_ operation: StaticString) {
    precondition(
      rank == 4 && dtype == .float32,
      "Tensor.\(operation): a float32 [N, C, H, W] tensor, found \(dtype) \(shape)")
  }
}
