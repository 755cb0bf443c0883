import CKernels

extension CPUBackend {
  func crossEntropy(_ logits: Tensor, _ labels: Tensor, _ options: CrossEntropyOptions) -> (
    losses: Tensor, logSumExp: Tensor, totalWeight: Double
  ) {
    let logits = classRows(logits)
    let losses = Tensor(uninitialized: labels.shape)
    let logSumExp = Tensor(uninitialized: labels.shape)
    var totalWeight = 0.0
    let bad = withKernelOptions(logits, options) {
      mm_cross_entropy_forward(
        $0, logits.pointer(Float.self), labels.pointer(Int64.self), losses.pointer(Float.self),
        logSumExp.pointer(Float.self), &totalWeight)
    }
    precondition(
      bad == 0,
      """
      Tensor.crossEntropy: labels must lie in 0..<\(logits.shape[1]) or be \(options.ignoreIndex), \
      found \(labels.pointer(Int64.self)[max(0, bad - 1)]) at position \(bad - 1)
      """)
    return (losses, logSumExp, totalWeight)
  }

  func crossEntropyGradient(
    _ logits: Tensor, _ labels: Tensor, _ options: CrossEntropyOptions, logSumExp: Tensor, gradient: Tensor
  ) -> Tensor {
    let logits = classRows(logits)
    let gradient = copyUnlessContiguous(gradient)
    let result = Tensor(uninitialized: logits.shape, strides: logits.strides)
    withKernelOptions(logits, options) {
      mm_cross_entropy_backward(
        $0, logits.pointer(Float.self), labels.pointer(Int64.self), logSumExp.pointer(Float.self),
        gradient.pointer(Float.self), gradient.count == 1 ? 0 : 1, result.pointer(Float.self))
    }
    return result
  }

  /// Positions in row-major order, whether classes lie innermost or as axis 1.
  private func classRows(_ logits: Tensor) -> Tensor {
    logits.isChannelsLast ? logits : copyUnlessContiguous(logits)
  }

  private func withKernelOptions<Result>(
    _ logits: Tensor, _ options: CrossEntropyOptions, _ body: (UnsafePointer<mm_cross_entropy>) -> Result
  ) -> Result {
    let line = AxisLine(logits, 1)
    var parameters = mm_cross_entropy(
      outer: line.outer, n: line.count, inner: line.inner,
      weight: options.weight.map { UnsafePointer($0.pointer(Float.self)) },
      ignore: Int64(options.ignoreIndex), smoothing: options.labelSmoothing)
    return withExtendedLifetime((logits, options.weight)) { body(&parameters) }
  }
}
