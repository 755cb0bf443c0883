import CKernels

extension CPUBackend {
  func sigmoidFocalLoss(_ x: Tensor, _ labels: Tensor, gamma: Float, alpha: Float, weight: Tensor?) -> Tensor
  {
    var options = mm_focal(rows: x.shape[0], n: x.shape[1], gamma: gamma, alpha: alpha)
    let losses = Tensor(uninitialized: labels.shape)
    mm_focal_forward(
      &options, x.pointer(Float.self), labels.pointer(Int64.self), weight?.pointer(Float.self),
      losses.pointer(Float.self))
    return losses
  }

  func sigmoidFocalLossGradient(
    _ x: Tensor, _ labels: Tensor, gamma: Float, alpha: Float, weight: Tensor?, gradient: Tensor
  ) -> Tensor {
    var options = mm_focal(rows: x.shape[0], n: x.shape[1], gamma: gamma, alpha: alpha)
    let gradient = copyUnlessContiguous(gradient)
    let result = Tensor(uninitialized: x.shape)
    mm_focal_backward(
      &options, x.pointer(Float.self), labels.pointer(Int64.self), weight?.pointer(Float.self),
      gradient.pointer(Float.self), 1, result.pointer(Float.self))
    return result
  }
}
