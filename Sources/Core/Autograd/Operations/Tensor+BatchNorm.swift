/// Where a batch normalisation takes mean and variance from.
public enum BatchNormStatistics {
  /// The batch itself; running statistics, where given, are moved towards it in place.
  case batch(updating: (mean: Tensor, variance: Tensor)?, momentum: Double)
  /// Fixed values, `[C]` both.
  case fixed(mean: Tensor, variance: Tensor)
}

// Normalisation of each channel over a batch, and its gradients.
extension Tensor {
  /// `activation((self - mean) / √(variance + eps) · weight + bias + residual)`, channel by channel.
  ///
  /// Ioffe and Szegedy, 2015, <https://arxiv.org/abs/1502.03167>, as `torch.nn.functional.batch_norm`: the biased
  /// variance normalises, the unbiased one enters the running statistics.
  ///
  /// - Input: `[N, C, H, W]` or `[N, C]`; the result has the same shape, channels innermost.
  /// - Parameters:
  ///   - weight: `[C]`
  ///   - bias: `[C]`
  ///   - residual: of the same shape, added before the activation.
  public func batchNorm(
    _ statistics: BatchNormStatistics, weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5,
    residual: Tensor? = nil, activation: FusedActivation = .none
  ) -> Tensor {
    guard activation.isFusedWithNormalization else {
      return batchNorm(statistics, weight: weight, bias: bias, eps: eps, residual: residual).activated(
        activation)
    }
    checkBatchNorm(statistics, weight, bias, residual)
    let x = rank == 4 ? channelsLastDetached() : contiguousDetached()
    let (mean, variance, usesBatch) = x.resolve(statistics)
    let gamma = weight?.detached().contiguousDetached()
    let (scale, shift, rstd) = backend.batchNormCoefficients(
      mean: mean, variance: variance, weight: gamma, bias: bias?.contiguousDetached(), eps: Float(eps))
    let y = backend.batchNormApply(
      x, scale: scale, shift: shift, residual: residual?.detached(), activation: activation)
    let wants = NormalizationGradients(
      x: requiresGradient, weight: weight?.requiresGradient ?? false, bias: bias?.requiresGradient ?? false,
      residual: residual?.requiresGradient ?? false)
    guard Tape.isRecording(self, weight, bias, residual) else {
      return Tape.record("batch_norm", inputs: [self, weight, bias, residual], output: y) { _ in [] }
    }
    let input = wants.weight || (usesBatch && wants.x) ? x : nil
    let result = activation == .none ? nil : y
    return Tape.record(
      "batch_norm", inputs: [self, weight, bias, residual], output: y,
      saving: [input, result, gamma].compactMap { $0 }
    ) { gradient in
      let values = gradient.backend.batchNormGradient(
        gradient, x: input, y: result, mean: mean, rstd: rstd, weight: gamma, activation: activation,
        usesBatchStatistics: usesBatch, wants: wants)
      return [values.x, values.weight, values.bias, values.residual]
    }
  }

  /// Mean and variance, after the running statistics were updated.
  private func resolve(_ statistics: BatchNormStatistics) -> (mean: Tensor, variance: Tensor, usesBatch: Bool)
  {
    switch statistics {
    case .fixed(let mean, let variance):
      return (mean.contiguousDetached(), variance.contiguousDetached(), false)
    case .batch(let running, let momentum):
      let (mean, variance) = backend.batchStatistics(self)
      if let running {
        backend.updateRunning(
          running.mean.detached(), running.variance.detached(), mean: mean, variance: variance,
          count: count / max(1, shape[1]), momentum: Float(momentum))
      }
      return (mean, variance, true)
    }
  }

  private func checkBatchNorm(
    _ statistics: BatchNormStatistics, _ weight: Tensor?, _ bias: Tensor?, _ residual: Tensor?
  ) {
    requireFloat("batchNorm")
    precondition(
      rank == 4 || rank == 2, "Tensor.batchNorm: [N, C, H, W] or [N, C], found \(shape)")
    let channels = shape[1]
    var vectors = [weight, bias].compactMap { $0 }
    switch statistics {
    case .fixed(let mean, let variance): vectors += [mean, variance]
    case .batch(let running, _):
      precondition(
        count > channels || channels == 0, "Tensor.batchNorm: more than one value a channel, found \(shape)")
      if let running { vectors += [running.mean, running.variance] }
    }
    for vector in vectors {
      precondition(
        vector.shape == [channels] && vector.dtype == .float32,
        "Tensor.batchNorm: parameters of shape [\(channels)], found \(vector.shape)")
    }
    precondition(
      residual.map { $0.shape == shape && $0.dtype == .float32 } ?? true,
      "Tensor.batchNorm: a residual of shape \(shape), found \(residual?.shape ?? [])")
  }
}

extension FusedActivation {
  /// Whether normalisation applies it while it writes, and undoes it in its backward pass.
  var isFusedWithNormalization: Bool {
    switch self {
    case .none, .relu, .relu6: true
    case .leakyReLU, .clip, .silu, .hardSwish, .sigmoid, .gelu: false
    }
  }
}
