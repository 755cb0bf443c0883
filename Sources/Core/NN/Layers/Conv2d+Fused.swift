extension Conv2d {
  /// One operation where there can be one; see `callAsFunction`.
  func fused(_ x: Tensor, norm: (any NormLayer)?, residual: Tensor?, activation: FusedActivation) -> Tensor {
    if OperationRecorder.current != nil {
      // A recorder sees each operation by itself.
      var y = self(x)
      if let norm { y = norm(y) }
      if let residual { y = y + residual }
      return y.activated(activation)
    }
    let isRecording = Tape.isRecording(
      x, weight.value, bias?.value, norm?.weight?.value, norm?.bias?.value, residual)
    guard let norm else {
      if !isRecording {
        return padded(x).conv2dFused(
          kernels, bias: bias?.value, residual: residual, activation: activation, geometry(for: x))
      }
      guard let residual else {
        return padded(x).conv2d(kernels, bias: bias?.value, geometry(for: x), activation: activation)
      }
      return (self(x) + residual).activated(activation)
    }
    if !isRecording, let (scale, shift) = norm.foldedAffine(addingTo: bias) {
      return padded(x).conv2dFused(
        kernels, scale: scale, bias: shift, residual: residual, activation: activation, geometry(for: x))
    }
    return norm(self(x), residual: residual, activation: activation)
  }
}
