/// Matrix products of `float32` tensors.
protocol MatrixBackend {
  /// `scale · a · b` for `a` `[..., m, k]` and `b` `[..., k, n]`, whose batch axes broadcast to `batch`.
  ///
  /// Transposed operands are read where they lie. The result `[batch..., m, n]` is row-major.
  func matrixProduct(_ a: Tensor, _ b: Tensor, batch: [Int], scale: Float) -> Tensor
  /// `x · weightᵀ + bias` for `x` `[m, k]`, `weight` `[n, k]` and `bias` `[n]`; row-major.
  func linear(_ x: Tensor, weight: Tensor, bias: Tensor?) -> Tensor
}
