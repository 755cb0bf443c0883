/// What a reduction makes of the elements along its axes.
public enum Reduction: Sendable {
  case sum, mean, maximum, minimum, product
}

/// Reductions of `float32` tensors, softmax and running sums.
protocol ReductionBackend {
  /// Over `axes` (distinct, in range); the result keeps them with size 1.
  func reduce(_ reduction: Reduction, _ x: Tensor, axes: [Int]) -> Tensor
}
