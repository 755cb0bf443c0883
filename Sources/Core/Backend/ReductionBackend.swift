/// What a reduction makes of the elements along its axes.
public enum Reduction: Sendable {
  case sum, mean, maximum, minimum, product
}

/// Reductions of `float32` tensors, softmax and running sums.
protocol ReductionBackend {
  /// Over `axes` (distinct, in range); the result keeps them with size 1.
  func reduce(_ reduction: Reduction, _ x: Tensor, axes: [Int]) -> Tensor
  /// The largest (smallest) elements along `axis` (not empty) and where they are, as `int64`: the first of equals, the
  /// first NaN if there is one. The results keep the axis with size 1.
  func extremum(_ x: Tensor, axis: Int, largest: Bool) -> (values: Tensor, indices: Tensor)
  /// Whether any (all) elements of a `bool` tensor along the last axis hold; the result is without it.
  func holds(_ x: Tensor, all: Bool) -> Tensor
  /// Running sums along `axis`, from the end if `reversed`.
  func cumulativeSum(_ x: Tensor, axis: Int, reversed: Bool) -> Tensor
  /// `gradient · Π(others)` for the product along the last axis: `x` `[..., n]`, `gradient` `[..., 1]`.
  func productGradient(_ x: Tensor, gradient: Tensor) -> Tensor
  /// `exp(x) / Σ exp(x)` along `axis`, or its logarithm.
  func softmax(_ x: Tensor, axis: Int, logarithm: Bool) -> Tensor
  /// The gradient of `softmax` from its result.
  func softmaxGradient(_ y: Tensor, gradient: Tensor, axis: Int, logarithm: Bool) -> Tensor
  /// Cross entropy of `logits` `[N, C, ...]` against `labels` `[N, ...]` (`int64`, row-major), position by position.
  ///
  /// Returns the losses, the logarithms of the sums of exponentials for the gradient, and the sum of the weights of the
  /// labels that count. A label that is neither ignored nor a class traps.
  func crossEntropy(_ logits: Tensor, _ labels: Tensor, _ options: CrossEntropyOptions) -> (
    losses: Tensor, logSumExp: Tensor, totalWeight: Double
  )
  /// The gradient of `crossEntropy` with respect to the logits; `gradient` is that of the losses, or one for all.
  func crossEntropyGradient(
    _ logits: Tensor, _ labels: Tensor, _ options: CrossEntropyOptions, logSumExp: Tensor, gradient: Tensor
  ) -> Tensor
  /// Focal loss of `x` `[N, C]` against `labels` `[N]` (`int64`), summed over classes: `[N]`. All row-major.
  func sigmoidFocalLoss(_ x: Tensor, _ labels: Tensor, gamma: Float, alpha: Float, weight: Tensor?) -> Tensor
  /// The gradient of `sigmoidFocalLoss` with respect to `x`.
  func sigmoidFocalLossGradient(
    _ x: Tensor, _ labels: Tensor, gamma: Float, alpha: Float, weight: Tensor?, gradient: Tensor
  ) -> Tensor
}

/// What a cross entropy depends on besides logits and labels.
struct CrossEntropyOptions {
  /// `[C]`, row-major.
  var weight: Tensor?
  var ignoreIndex: Int
  var labelSmoothing: Float
}
