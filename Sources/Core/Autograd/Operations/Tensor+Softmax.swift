// Softmax and its logarithm, in any layout.
extension Tensor {
  /// `exp(x) / Σ exp(x)` along `axis`. A line whose largest element is -∞ gives NaN.
  public func softmax(_ axis: Int) -> Tensor { softmax("softmax", axis, logarithm: false) }

  /// `x - log Σ exp(x)` along `axis`.
  public func logSoftmax(_ axis: Int) -> Tensor { softmax("log_softmax", axis, logarithm: true) }

  private func softmax(_ name: StaticString, _ axis: Int, logarithm: Bool) -> Tensor {
    requireFloat("softmax")
    let at = self.axis(axis, "Tensor.softmax")
    let y = backend.softmax(detached(), axis: at, logarithm: logarithm)
    return Tape.record(name, ["axis": .int(at)], inputs: [self], output: y, saving: [y]) { gradient in
      [gradient.backend.softmaxGradient(y, gradient: gradient, axis: at, logarithm: logarithm)]
    }
  }
}
