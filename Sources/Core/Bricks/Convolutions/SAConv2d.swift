/// Two convolutions with the same kernels, one with three times the dilation, mixed pixel by pixel.
///
/// Switchable atrous convolution, Qiao et al., "DetectoRS", 2020, section 3.2 (<https://arxiv.org/abs/2006.02334>).
/// Mirrors mmcv's `SAConv2d` (`SAC`).
///
/// - Input: `[N, inChannels, H, W]` with sides of at least 3
/// - Output: as `Conv2d`.
public final class SAConv2d: ConvAWS2d {
  /// What the kernels of the wider convolution have on top; shaped as `weight`.
  public let weightDiff: Parameter
  @Named var gate: Conv2d
  let preContext: Conv2d
  let postContext: Conv2d
  let offsetS: Conv2d?
  let offsetL: Conv2d?

  /// - Parameter isDeformable: whether the points of both kernels move; these must have 3x3 of them.
  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    groups: Int = 1, bias: Bool = true, isDeformable: Bool = false
  ) {
    precondition(!isDeformable || kernel == 3, "SAConv2d: a deformable kernel of 3x3, found \(kernel)")
    weightDiff = Parameter(.zeros([outChannels, inChannels / groups, kernel.h, kernel.w]))
    _gate = Named("switch", Conv2d(inChannels, 1, kernel: 1, stride: stride))
    preContext = Conv2d(inChannels, inChannels, kernel: 1)
    postContext = Conv2d(outChannels, outChannels, kernel: 1)
    func offset() -> Conv2d? {
      isDeformable ? Conv2d(inChannels, 18, kernel: 3, stride: stride, padding: 1) : nil
    }
    (offsetS, offsetL) = (offset(), offset())
    super.init(
      inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups,
      bias: bias)
  }

  public override func callAsFunction(_ x: Tensor) -> Tensor {
    let x = x + preContext(x.globalAvgPool2d())
    let means = x.pad2d(top: 2, bottom: 2, left: 2, right: 2, mode: .reflect).avgPool2d(5, stride: 1)
    let share = gate(means)
    /// With the kernels and dilation of one of the two; the layer's bias has no part in the original either.
    func branch(_ kernels: Tensor, _ offset: Conv2d?, factor: Int) -> Tensor {
      let padding = Pair(h: padding.h * factor, w: padding.w * factor)
      let dilation = Pair(h: dilation.h * factor, w: dilation.w * factor)
      guard let offset else {
        return x.conv2d(kernels, stride: stride, padding: padding, dilation: dilation, groups: groups)
      }
      return x.deformConv2d(
        offset: offset(means), kernels, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
    let kernels = self.kernels
    let near = branch(kernels, offsetS, factor: 1)
    let far = branch(kernels + weightDiff.value, offsetL, factor: 3)
    let y = share * near + (1 - share) * far
    return y + postContext(y.globalAvgPool2d())
  }

  public override func callAsFunction(
    _ x: Tensor, norm: (any NormLayer)?, residual: Tensor? = nil, activation: FusedActivation = .none
  ) -> Tensor { deformed(self(x), norm, residual, activation) }

  /// PyTorch's values for the kernels; both convolutions start alike, and the near one counts.
  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    Init.constant(weightDiff, 0)
    for layer in [gate, preContext, postContext, offsetS, offsetL].compactMap({ $0 }) { layer.resetToZero() }
    if let bias = gate.bias { Init.constant(bias, 1) }
  }
}
