extension Conv2d {
  /// `activation(norm(conv(x)) + residual)`, with as few passes over memory as there can be.
  ///
  /// Where no gradient is recorded and the normalisation has fixed statistics, it is folded into weights and bias and all
  /// is one pass. Otherwise the convolution is followed by one pass that normalises, adds and activates.
  public func callAsFunction(
    _ x: Tensor, norm: (any NormLayer)?, residual: Tensor? = nil, activation: FusedActivation = .none
  ) -> Tensor {
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
          weight.value, bias: bias?.value, residual: residual, activation: activation, geometry(for: x))
      }
      guard let residual else {
        return padded(x).conv2d(weight.value, bias: bias?.value, geometry(for: x), activation: activation)
      }
      return (self(x) + residual).activated(activation)
    }
    if !isRecording, let (scale, shift) = norm.foldedAffine(addingTo: bias) {
      return padded(x).conv2dFused(
        weight.value, scale: scale, bias: shift, residual: residual, activation: activation, geometry(for: x))
    }
    return norm(self(x), residual: residual, activation: activation)
  }
}
