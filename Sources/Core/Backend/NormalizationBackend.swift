/// Normalisation.
///
/// Images are `[N, C, H, W]` in any layout or `[N, C]`; results are channels-last or row-major.
protocol NormalizationBackend {
  /// Mean and biased variance of each channel, `[C]` both.
  func batchStatistics(_ x: Tensor) -> (mean: Tensor, variance: Tensor)

  /// `running = (1 - momentum) · running + momentum · new` in place, with the unbiased variance of `count` values.
  func updateRunning(
    _ runningMean: Tensor, _ runningVariance: Tensor, mean: Tensor, variance: Tensor, count: Int,
    momentum: Float)

  /// `scale = weight · rstd`, `shift = bias - mean · scale` and `rstd = 1 / √(variance + eps)` of each channel.
  func batchNormCoefficients(
    mean: Tensor, variance: Tensor, weight: Tensor?, bias: Tensor?, eps: Float
  ) -> (scale: Tensor, shift: Tensor, rstd: Tensor)

  /// `activation(x · scale + shift + residual)`; activations are `.none`, `.relu` and `.relu6`.
  func batchNormApply(
    _ x: Tensor, scale: Tensor, shift: Tensor, residual: Tensor?, activation: FusedActivation
  ) -> Tensor

  /// Gradients of a batch normalisation.
  ///
  /// - Parameters:
  ///   - x: the input; needed for batch statistics and for the gradient of the weight.
  ///   - y: the result; needed where there is an activation.
  ///   - usesBatchStatistics: whether mean and variance depend on `x`.
  func batchNormGradient(
    _ gradient: Tensor, x: Tensor?, y: Tensor?, mean: Tensor, rstd: Tensor, weight: Tensor?,
    activation: FusedActivation, usesBatchStatistics: Bool, wants: NormalizationGradients
  ) -> NormalizationGradients.Values

  /// Normalises groups of channels of each image; `mean` and `rstd` are `[N, groups]`.
  func groupNorm(_ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, eps: Float, wantsVariance: Bool)
    -> (y: Tensor, mean: Tensor, rstd: Tensor, variance: Tensor?)
  func groupNormGradient(
    _ gradient: Tensor, x: Tensor, groups: Int, mean: Tensor, rstd: Tensor, weight: Tensor?,
    wants: NormalizationGradients
  ) -> NormalizationGradients.Values

  /// Normalises runs of `width` elements that lie behind each other in the memory of the dense tensor `x`.
  func layerNorm(_ x: Tensor, width: Int, weight: Tensor?, bias: Tensor?, eps: Float)
    -> (y: Tensor, mean: Tensor, rstd: Tensor)
  func layerNormGradient(
    _ gradient: Tensor, x: Tensor, width: Int, mean: Tensor, rstd: Tensor, weight: Tensor?,
    wants: NormalizationGradients
  ) -> NormalizationGradients.Values

  /// Divides runs of `width` elements in the memory of the dense tensor `x` by `max(norm, eps)`.
  func l2Normalize(_ x: Tensor, width: Int, eps: Float) -> (y: Tensor, norm: Tensor)
  func l2NormalizeGradient(_ gradient: Tensor, y: Tensor, norm: Tensor, width: Int, eps: Float) -> Tensor
}

/// Which gradients of a normalisation are wanted.
struct NormalizationGradients {
  var x = false
  var weight = false
  var bias = false
  var residual = false

  /// The gradients; `nil` where none was asked for.
  struct Values {
    var x: Tensor?
    var weight: Tensor?
    var bias: Tensor?
    var residual: Tensor?
  }
}
