/// A convolution whose kernels are standardised: zero mean and unit deviation for each output channel.
///
/// Qiao et al., "Weight Standardization", 2019 (<https://arxiv.org/abs/1903.10520>). Mirrors mmcv's `ConvWS2d`.
public final class ConvWS2d: Conv2d {
  /// Added to the deviation, outside of the root.
  public let eps: Float
  private var standardized = DerivedKernels()

  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    groups: Int = 1, bias: Bool = true, eps: Float = 1e-5
  ) {
    self.eps = eps
    super.init(
      inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups,
      bias: bias)
  }

  override var kernels: Tensor {
    standardized.value(from: [weight.value]) {
      let (w, axes) = (weight.value, [1, 2, 3])
      return (w - w.mean(axes, keepingAxes: true)) / (w.standardDeviation(axes, keepingAxes: true) + eps)
    }
  }
}

/// Kernels that a layer works out from its parameters: anew while gradients are recorded, else once a change of these.
struct DerivedKernels {
  private var sources: [(storage: Storage, version: Int)] = []
  private var result: Tensor?

  mutating func value(from tensors: [Tensor], _ derive: () -> Tensor) -> Tensor {
    if isGradientEnabled, tensors.contains(where: \.requiresGradient) { return derive() }
    let isCurrent =
      sources.count == tensors.count
      && zip(tensors, sources).allSatisfy { $0.storage === $1.storage && $0.storage.version == $1.version }
    if isCurrent, let result { return result }
    let fresh = withoutGradient(derive)
    sources = tensors.map { ($0.storage, $0.storage.version) }
    result = fresh
    return fresh
  }
}
