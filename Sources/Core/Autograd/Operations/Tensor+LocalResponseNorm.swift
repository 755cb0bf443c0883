// Normalisation by neighbouring channels.
extension Tensor {
  /// `x / (k + alpha · mean of x² over size channels)^beta`, as `torch.nn.functional.local_response_norm`.
  ///
  /// Krizhevsky et al., 2012, section 3.3. The mean counts channels beyond the first and last as zeros.
  ///
  /// - Input: `[N, C, ...]`; the result has the same shape.
  public func localResponseNorm(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1)
    -> Tensor
  {
    requireFloat("localResponseNorm")
    precondition(
      rank >= 2 && size > 0,
      "Tensor.localResponseNorm: [N, C, ...] and a positive size, found \(shape) and \(size)")
    let channels = shape[1]
    var border = Array(repeating: (before: 0, after: 0), count: rank)
    border[1] = (size / 2, (size - 1) / 2)
    let squares = squared().pad(border)
    var sum = squares.sliced(1, 0..<channels)
    for shift in 1..<max(1, size) { sum = sum + squares.sliced(1, shift..<(shift + channels)) }
    let divisor = sum.scaled(by: Float(alpha / Double(size)), adding: Float(k)).power(Float(beta))
    return self / divisor
  }
}
