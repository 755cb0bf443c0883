// Normalisation along the innermost axes: layer normalisation, and division by the Euclidean norm.
extension Tensor {
  /// Normalises over the last axes, which have `normalizedShape`, then scales and shifts each of their elements.
  ///
  /// Ba, Kiros and Hinton, 2016, <https://arxiv.org/abs/1607.06450>, as `torch.nn.functional.layer_norm`.
  ///
  /// - Input: `[..., normalizedShape]`; the result has the same shape and, where the last axes are innermost, layout.
  /// - Parameters:
  ///   - weight: `normalizedShape`
  ///   - bias: `normalizedShape`
  public func layerNorm(
    _ normalizedShape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5
  ) -> Tensor {
    requireFloat("layerNorm")
    precondition(
      !normalizedShape.isEmpty && shape.suffix(normalizedShape.count) == normalizedShape[...],
      "Tensor.layerNorm: last axes of \(normalizedShape), found \(shape)")
    for parameter in [weight, bias].compactMap({ $0 }) {
      precondition(
        parameter.shape == normalizedShape && parameter.dtype == .float32,
        "Tensor.layerNorm: parameters of shape \(normalizedShape), found \(parameter.shape)")
    }
    let width = elementCount(of: normalizedShape)
    let x = innermostDetached(axes: normalizedShape.count)
    let gamma = weight?.contiguousDetached()
    let (y, mean, rstd) = backend.layerNorm(
      x, width: width, weight: gamma, bias: bias?.contiguousDetached(), eps: Float(eps))
    let wants = NormalizationGradients(
      x: requiresGradient, weight: weight?.requiresGradient ?? false, bias: bias?.requiresGradient ?? false)
    let isRecording = Tape.isRecording(self, weight, bias)
    return Tape.record(
      "layer_norm", ["shape": .ints(normalizedShape)], inputs: [self, weight, bias], output: y,
      saving: isRecording ? [x, gamma].compactMap { $0 } : []
    ) { gradient in
      let values = gradient.backend.layerNormGradient(
        gradient, x: x, width: width, mean: mean, rstd: rstd, weight: gamma, wants: wants)
      return [values.x, values.weight?.reshaped(normalizedShape), values.bias?.reshaped(normalizedShape)]
    }
  }

  /// Divides by `max(‖x‖₂, eps)` along `axis`, as `torch.nn.functional.normalize`.
  public func l2Normalize(axis: Int = 1, eps: Double = 1e-12) -> Tensor {
    requireFloat("l2Normalize")
    let at = self.axis(axis, "Tensor.l2Normalize")
    if at != rank - 1 {
      // The axis is innermost in the memory of a channels-last image already.
      var order = Array(0..<rank)
      order.append(order.remove(at: at))
      var back = Array(0..<(rank - 1))
      back.insert(rank - 1, at: at)
      let source = rank == 4 && at == 1 ? channelsLast() : self
      return source.permuted(order).l2Normalize(axis: -1, eps: eps).permuted(back)
    }
    let width = shape[at]
    let x = innermostDetached(axes: 1)
    let (y, norm) = backend.l2Normalize(x, width: width, eps: Float(eps))
    return Tape.record("l2_normalize", inputs: [self], output: y, saving: [y]) { gradient in
      [gradient.backend.l2NormalizeGradient(gradient, y: y, norm: norm, width: width, eps: Float(eps))]
    }
  }

  /// Outside any graph and dense with the last `axes` axes innermost in row-major order; copies only where it is not.
  private func innermostDetached(axes: Int) -> Tensor {
    let tail = Array(shape.suffix(axes))
    let isInnermost =
      isDense && Strides.agree(Array(strides.suffix(axes)), Strides.contiguous(tail), shape: tail)
    return isInnermost ? detached() : contiguousDetached()
  }
}
