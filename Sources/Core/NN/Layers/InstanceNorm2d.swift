/// Normalises each channel of each image.
///
/// Mirrors `torch.nn.InstanceNorm2d`.
///
/// - Input: `[N, features, H, W]`; the output has the same shape.
public final class InstanceNorm2d: Module, NormLayer {
  /// `[features]`
  public let weight: Parameter?
  /// `[features]`
  public let bias: Parameter?
  /// `[features]`, the running mean of the images' means.
  public let runningMean: Buffer?
  /// `[features]`, the running mean of the images' unbiased variances.
  public let runningVar: Buffer?
  /// Part of the state dict only: the running statistics do not depend on it.
  public let numBatchesTracked: Buffer?
  public let features: Int
  public let eps: Double
  public let momentum: Double

  public init(
    _ features: Int, eps: Double = 1e-5, momentum: Double = 0.1, affine: Bool = false,
    trackRunningStats: Bool = false
  ) {
    precondition(features > 0, "InstanceNorm2d: at least one feature, found \(features)")
    (self.features, self.eps, self.momentum) = (features, eps, momentum)
    weight = affine ? Parameter(.ones([features])) : nil
    bias = affine ? Parameter(.zeros([features])) : nil
    runningMean = trackRunningStats ? Buffer(.zeros([features])) : nil
    runningVar = trackRunningStats ? Buffer(.ones([features])) : nil
    numBatchesTracked = trackRunningStats ? Buffer(.zeros([], dtype: .int64)) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(
      x.rank == 4 && x.shape[1] == features, "InstanceNorm2d: [N, \(features), H, W], found \(x.shape)")
    guard let runningMean, let runningVar else {
      checkSize(x)
      return x.instanceNorm(weight: weight?.value, bias: bias?.value, eps: eps)
    }
    guard isTraining else {
      return x.batchNorm(
        .fixed(mean: runningMean.value, variance: runningVar.value), weight: weight?.value, bias: bias?.value,
        eps: eps)
    }
    checkSize(x)
    let (y, mean, variance) = x.instanceNormWithStatistics(weight: weight?.value, bias: bias?.value, eps: eps)
    withoutGradient {
      // Each image counts as a batch; their mean enters.
      let pixels = Float(x.shape[2] * x.shape[3])
      let unbiased = variance.mean([0]).scaled(by: pixels / max(1, pixels - 1))
      let share = Float(momentum)
      runningMean.assign(runningMean.value.scaled(by: 1 - share) + mean.mean([0]).scaled(by: share))
      runningVar.assign(runningVar.value.scaled(by: 1 - share) + unbiased.scaled(by: share))
    }
    return y
  }

  private func checkSize(_ x: Tensor) {
    if x.shape[2] * x.shape[3] > 1 || x.count == 0 { return }
    InputFault.report(
      "InstanceNorm2d: more than one pixel an image in training, found \(x.shape); use larger images")
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    runningMean?.value.fillInPlace(0)
    runningVar?.value.fillInPlace(1)
    numBatchesTracked?.value.fillInPlace(0)
    resetAffine()
  }
}
