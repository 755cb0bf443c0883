/// Convolutions.
///
/// Activations are `[N, C, H, W]` in any layout, results channels-last; weights `[O, I / groups, kH, kW]`.
protocol ConvolutionBackend {
  /// `activation(scale · conv(x) + bias + residual)`.
  ///
  /// - Parameters:
  ///   - scale: `[O]`, multiplied into the weights.
  ///   - residual: of the shape of the result.
  ///   - isTraining: algorithms round less.
  ///   - keepsPacked: whether what is derived from the weights is kept for the next call; not where they change before.
  func conv2d(
    _ x: Tensor, _ weight: Tensor, scale: Tensor?, bias: Tensor?, residual: Tensor?,
    activation: FusedActivation,
    _ geometry: ConvolutionGeometry, isTraining: Bool, keepsPacked: Bool
  ) -> Tensor

  /// The gradient of the image, of `size`; with `bias` (`[I]`) and `activation` the forward pass of a transposed
  /// convolution.
  func conv2dInputGradient(
    _ gradient: Tensor, _ weight: Tensor, bias: Tensor?, activation: FusedActivation, size: Pair,
    _ geometry: ConvolutionGeometry, isTraining: Bool, keepsPacked: Bool
  ) -> Tensor

  /// The gradients of the weights, of shape `weightShape`, and, when asked for, of the bias.
  func conv2dWeightGradient(
    _ x: Tensor, _ gradient: Tensor, weightShape: [Int], wantsBias: Bool, _ geometry: ConvolutionGeometry
  ) -> (weight: Tensor, bias: Tensor?)
}
