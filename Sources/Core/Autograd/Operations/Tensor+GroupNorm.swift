// Normalisation over parts of one image: groups of channels, or single channels.
extension Tensor {
  /// Normalises each of `groups` equal groups of channels of each image, then scales and shifts each channel.
  ///
  /// Wu and He, 2018, <https://arxiv.org/abs/1803.08494>, as `torch.nn.functional.group_norm`.
  ///
  /// - Input: `[N, C, ...]`; the result has the same shape.
  /// - Parameters:
  ///   - weight: `[C]`
  ///   - bias: `[C]`
  public func groupNorm(_ groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5)
    -> Tensor
  {
    normalized("group_norm", groups, weight, bias, eps, wantsStatistics: false).result
  }

  /// Normalises each channel of each image, as `torch.nn.functional.instance_norm` with statistics of the input.
  ///
  /// - Input: `[N, C, ...]`; the result has the same shape.
  public func instanceNorm(weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5) -> Tensor {
    normalized("instance_norm", rank > 1 ? shape[1] : 0, weight, bias, eps, wantsStatistics: false).result
  }

  /// The same with mean and biased variance of each channel of each image, `[N, C]` both.
  func instanceNormWithStatistics(weight: Tensor?, bias: Tensor?, eps: Double)
    -> (result: Tensor, mean: Tensor, variance: Tensor)
  {
    let (result, mean, variance) = normalized(
      "instance_norm", shape[1], weight, bias, eps, wantsStatistics: true)
    guard let variance else { preconditionFailure("instanceNorm: the backend gives the variance") }
    return (result, mean, variance)
  }

  private func normalized(
    _ name: StaticString, _ groups: Int, _ weight: Tensor?, _ bias: Tensor?, _ eps: Double,
    wantsStatistics: Bool
  ) -> (result: Tensor, mean: Tensor, variance: Tensor?) {
    requireFloat("groupNorm")
    precondition(rank >= 2, "Tensor.groupNorm: [N, C, ...], found \(shape)")
    if rank != 4 {
      let image = reshaped([shape[0], shape[1], elementCount(of: Array(shape[2...])), 1])
      let (result, mean, variance) = image.normalized(
        name, groups, weight, bias, eps, wantsStatistics: wantsStatistics)
      return (result.reshaped(shape), mean, variance)
    }
    let channels = shape[1]
    precondition(
      groups > 0 && channels % groups == 0,
      "Tensor.groupNorm: groups that divide \(channels) channels, found \(groups)")
    for vector in [weight, bias].compactMap({ $0 }) {
      precondition(
        vector.shape == [channels] && vector.dtype == .float32,
        "Tensor.groupNorm: parameters of shape [\(channels)], found \(vector.shape)")
    }
    let x = channelsLastDetached()
    let gamma = weight?.contiguousDetached()
    let (y, mean, rstd, variance) = backend.groupNorm(
      x, groups: groups, weight: gamma, bias: bias?.contiguousDetached(), eps: Float(eps),
      wantsVariance: wantsStatistics)
    let wants = NormalizationGradients(
      x: requiresGradient, weight: weight?.requiresGradient ?? false, bias: bias?.requiresGradient ?? false)
    let isRecording = Tape.isRecording(self, weight, bias)
    let result = Tape.record(
      name, ["groups": .int(groups)], inputs: [self, weight, bias], output: y,
      saving: isRecording ? [x, gamma].compactMap { $0 } : []
    ) { gradient in
      let values = gradient.backend.groupNormGradient(
        gradient, x: x, groups: groups, mean: mean, rstd: rstd, weight: gamma, wants: wants)
      return [values.x, values.weight, values.bias]
    }
    return (result, mean, variance)
  }
}
