import CKernels

// Statistics of one image or row at a time: group, layer and L2 normalisation.
extension CPUBackend {
  func groupNorm(_ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, eps: Float, wantsVariance: Bool)
    -> (y: Tensor, mean: Tensor, rstd: Tensor, variance: Tensor?)
  {
    let x = x.channelsLastDetached()
    let (n, channels) = (x.shape[0], x.shape[1])
    let y = Tensor(uninitialized: x.shape, strides: x.strides)
    let mean = Tensor(uninitialized: [n, groups])
    let rstd = Tensor(uninitialized: [n, groups])
    let variance = wantsVariance ? Tensor(uninitialized: [n, groups]) : nil
    if y.count > 0 {
      mm_group_norm_forward(
        n, x.shape[2] * x.shape[3], channels, groups, x.pointer(Float.self), weight?.pointer(Float.self),
        bias?.pointer(Float.self), eps, mean.pointer(Float.self), rstd.pointer(Float.self),
        variance?.pointer(Float.self), y.pointer(Float.self))
    }
    return (y, mean, rstd, variance)
  }

  func groupNormGradient(
    _ gradient: Tensor, x: Tensor, groups: Int, mean: Tensor, rstd: Tensor, weight: Tensor?,
    wants: NormalizationGradients
  ) -> NormalizationGradients.Values {
    let (gradient, x) = (gradient.channelsLastDetached(), x.channelsLastDetached())
    let channels = x.shape[1]
    let values = emptyGradients(like: x, parameters: [channels], wants)
    if x.count > 0 {
      mm_group_norm_backward(
        x.shape[0], x.shape[2] * x.shape[3], channels, groups, x.pointer(Float.self),
        gradient.pointer(Float.self),
        mean.pointer(Float.self), rstd.pointer(Float.self), weight?.pointer(Float.self),
        values.weight?.pointer(Float.self), values.bias?.pointer(Float.self), values.x?.pointer(Float.self))
    }
    return values
  }

  func layerNorm(_ x: Tensor, width: Int, weight: Tensor?, bias: Tensor?, eps: Float)
    -> (y: Tensor, mean: Tensor, rstd: Tensor)
  {
    let rows = x.count / max(1, width)
    let y = Tensor(uninitialized: x.shape, strides: x.strides)
    let (mean, rstd) = (Tensor(uninitialized: [rows]), Tensor(uninitialized: [rows]))
    if y.count > 0 {
      mm_layer_norm_forward(
        rows, width, x.pointer(Float.self), weight?.pointer(Float.self), bias?.pointer(Float.self), eps,
        mean.pointer(Float.self), rstd.pointer(Float.self), y.pointer(Float.self))
    }
    return (y, mean, rstd)
  }

  func layerNormGradient(
    _ gradient: Tensor, x: Tensor, width: Int, mean: Tensor, rstd: Tensor, weight: Tensor?,
    wants: NormalizationGradients
  ) -> NormalizationGradients.Values {
    let gradient = arranged(gradient, x.strides)
    let values = emptyGradients(like: x, parameters: [width], wants)
    if x.count > 0 {
      mm_layer_norm_backward(
        x.count / width, width, x.pointer(Float.self), gradient.pointer(Float.self), mean.pointer(Float.self),
        rstd.pointer(Float.self), weight?.pointer(Float.self), values.weight?.pointer(Float.self),
        values.bias?.pointer(Float.self), values.x?.pointer(Float.self))
    }
    return values
  }

  func l2Normalize(_ x: Tensor, width: Int, eps: Float) -> (y: Tensor, norm: Tensor) {
    let rows = x.count / max(1, width)
    let y = Tensor(uninitialized: x.shape, strides: x.strides)
    let norm = Tensor(uninitialized: [rows])
    if y.count > 0 {
      mm_l2_normalize_forward(
        rows, width, x.pointer(Float.self), eps, norm.pointer(Float.self), y.pointer(Float.self))
    }
    return (y, norm)
  }

  func l2NormalizeGradient(_ gradient: Tensor, y: Tensor, norm: Tensor, width: Int, eps: Float) -> Tensor {
    let gradient = arranged(gradient, y.strides)
    let x = Tensor(uninitialized: y.shape, strides: y.strides)
    if y.count > 0 {
      mm_l2_normalize_backward(
        y.count / width, width, y.pointer(Float.self), gradient.pointer(Float.self), norm.pointer(Float.self),
        eps,
        x.pointer(Float.self))
    }
    return x
  }

  /// Memory for the gradients that are wanted; those of parameters are zero where there is nothing to sum.
  private func emptyGradients(
    like x: Tensor, parameters: [Int], _ wants: NormalizationGradients
  ) -> NormalizationGradients.Values {
    var values = NormalizationGradients.Values()
    if wants.x { values.x = Tensor(uninitialized: x.shape, strides: x.strides) }
    if wants.weight { values.weight = Tensor(uninitialized: parameters) }
    if wants.bias { values.bias = Tensor(uninitialized: parameters) }
    if x.count == 0 {
      values.weight?.fillInPlace(0)
      values.bias?.fillInPlace(0)
    }
    return values
  }
}
