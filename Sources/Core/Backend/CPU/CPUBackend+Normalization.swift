import CKernels

extension CPUBackend: NormalizationBackend {
  func batchStatistics(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    let x = channelsInnermost(x)
    let channels = x.shape[1]
    let (mean, variance) = (Tensor(uninitialized: [channels]), Tensor(uninitialized: [channels]))
    mm_bn_stats(
      x.count / max(1, channels), channels, x.pointer(Float.self), mean.pointer(Float.self),
      variance.pointer(Float.self))
    return (mean, variance)
  }

  func updateRunning(
    _ runningMean: Tensor, _ runningVariance: Tensor, mean: Tensor, variance: Tensor, count: Int,
    momentum: Float
  ) {
    runningMean.storage.touch()
    runningVariance.storage.touch()
    mm_bn_update_running(
      count, mean.count, momentum, mean.pointer(Float.self), variance.pointer(Float.self),
      runningMean.pointer(Float.self), runningVariance.pointer(Float.self))
  }

  func batchNormCoefficients(
    mean: Tensor, variance: Tensor, weight: Tensor?, bias: Tensor?, eps: Float
  ) -> (scale: Tensor, shift: Tensor, rstd: Tensor) {
    let channels = mean.count
    let scale = Tensor(uninitialized: [channels])
    let shift = Tensor(uninitialized: [channels])
    let rstd = Tensor(uninitialized: [channels])
    mm_bn_coefficients(
      channels, mean.pointer(Float.self), variance.pointer(Float.self), eps, weight?.pointer(Float.self),
      bias?.pointer(Float.self), scale.pointer(Float.self), shift.pointer(Float.self),
      rstd.pointer(Float.self))
    return (scale, shift, rstd)
  }

  func batchNormApply(
    _ x: Tensor, scale: Tensor, shift: Tensor, residual: Tensor?, activation: FusedActivation
  ) -> Tensor {
    let x = channelsInnermost(x)
    let residual = residual.map(channelsInnermost)
    let y = Tensor(uninitialized: x.shape, strides: x.strides)
    if y.count == 0 { return y }
    mm_bn_apply(
      x.count / scale.count, scale.count, x.pointer(Float.self), scale.pointer(Float.self),
      shift.pointer(Float.self), residual?.pointer(Float.self), activation.normKernel, y.pointer(Float.self))
    return y
  }

  func batchNormGradient(
    _ gradient: Tensor, x: Tensor?, y: Tensor?, mean: Tensor, rstd: Tensor, weight: Tensor?,
    activation: FusedActivation, usesBatchStatistics: Bool, wants: NormalizationGradients
  ) -> NormalizationGradients.Values {
    let gradient = channelsInnermost(gradient)
    let (x, y) = (x.map(channelsInnermost), y.map(channelsInnermost))
    let channels = mean.count
    var values = NormalizationGradients.Values()
    if wants.x { values.x = Tensor(uninitialized: gradient.shape, strides: gradient.strides) }
    if wants.weight { values.weight = Tensor(uninitialized: [channels]) }
    if wants.bias { values.bias = Tensor(uninitialized: [channels]) }
    if wants.residual {
      // Without an activation the gradient passes as it is.
      values.residual =
        activation == .none ? gradient : Tensor(uninitialized: gradient.shape, strides: gradient.strides)
    }
    if gradient.count == 0 {
      values.weight?.fillInPlace(0)
      values.bias?.fillInPlace(0)
      return values
    }
    let masked = activation == .none ? nil : values.residual
    // Where the input is not needed it is not read either; the kernels take no null pointer there.
    let kernel = usesBatchStatistics ? mm_bn_backward : mm_bn_eval_backward
    kernel(
      gradient.count / channels, channels, (x ?? gradient).pointer(Float.self), gradient.pointer(Float.self),
      y?.pointer(Float.self), activation.normKernel, mean.pointer(Float.self), rstd.pointer(Float.self),
      weight?.pointer(Float.self), values.weight?.pointer(Float.self), values.bias?.pointer(Float.self),
      masked?.pointer(Float.self), values.x?.pointer(Float.self))
    return values
  }

  /// As `[N, H, W, C]` or `[N, C]` in memory.
  private func channelsInnermost(_ x: Tensor) -> Tensor {
    x.rank == 4 ? x.channelsLastDetached() : x.contiguousDetached()
  }
}

extension FusedActivation {
  /// The name that the kernels of normalisation have for it.
  fileprivate var normKernel: mm_norm_activation {
    switch self {
    case .none: MM_NORM_LINEAR
    case .relu: MM_NORM_RELU
    case .relu6: MM_NORM_RELU6
    case .leakyReLU, .clip, .silu, .hardSwish, .sigmoid, .gelu:
      preconditionFailure("batchNorm: an activation that can be fused, found \(self)")
    }
  }
}
