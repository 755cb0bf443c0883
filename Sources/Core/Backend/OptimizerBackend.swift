/// Steps of optimizers, fused over a parameter, and norms of gradients.
///
/// Parameters are dense `float32`; the state tensors lie as their parameter does, gradients may lie otherwise.
protocol OptimizerBackend {
  /// - Parameter isFirst: whether the momentum buffer is new and becomes the gradient.
  func sgdStep(
    _ options: SGD.Options, isFirst: Bool, gradient: Tensor, momentumBuffer: Tensor?, parameter: Tensor)
  /// - Parameters:
  ///   - step: 1 for the first step.
  ///   - maximum: the largest second moments so far, with AMSGrad.
  func adamStep(
    _ options: Adam.Options, step: Int, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    maximum: Tensor?, parameter: Tensor)
  func rmspropStep(
    _ options: RMSprop.Options, gradient: Tensor, squareAverage: Tensor, momentumBuffer: Tensor?,
    gradientAverage: Tensor?, parameter: Tensor)

  /// The sum of the squares of all elements, added in `Double`.
  func sumOfSquares(_ x: Tensor) -> Double
  /// The sum of the magnitudes of all elements, added in `Double`.
  func sumOfMagnitudes(_ x: Tensor) -> Double
  /// The largest magnitude; NaN if there is one.
  func largestMagnitude(_ x: Tensor) -> Float
  /// `x *= factor`
  func scaleInPlace(_ x: Tensor, by factor: Float)
  /// `average = decay · average + (1 - decay) · x`
  func averageInPlace(_ average: Tensor, with x: Tensor, decay: Double)
}
