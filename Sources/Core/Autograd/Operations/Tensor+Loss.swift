// Losses of regression and of independent yes-or-no questions, element by element.
extension Tensor {
  /// Binary cross entropy of these logits against `target` in 0...1, as `binary_cross_entropy_with_logits`.
  ///
  /// - Parameters:
  ///   - weight: a factor for each element; broadcasts.
  ///   - positiveWeight: a factor for the part of the positive answers; broadcasts (`[C]` for `[N, C]`).
  public func binaryCrossEntropyWithLogits(
    _ target: Tensor, weight: Tensor? = nil, positiveWeight: Tensor? = nil, reduction: LossReduction = .mean
  ) -> Tensor {
    checkTarget(target, "binaryCrossEntropyWithLogits")
    // (1 - t) x - (1 + (w - 1) t) log σ(x)
    let t = target.detached()
    let certainty = applying(.logSigmoid)
    var losses: Tensor
    if let positiveWeight {
      losses = (1 - t) * self - ((positiveWeight.detached() - 1) * t + 1) * certainty
    } else {
      losses = (1 - t) * self - certainty
    }
    if let weight { losses = losses * weight.detached() }
    return losses.reduced(reduction)
  }

  /// Binary cross entropy of these probabilities against `target` in 0...1; logarithms are kept above -100, as in
  /// `torch.nn.functional.binary_cross_entropy`.
  public func binaryCrossEntropy(
    _ target: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean
  ) -> Tensor {
    checkTarget(target, "binaryCrossEntropy")
    let (x, t) = (detached(), target.detached())
    let yes = x.applying(.logarithm).clamped(min: -100)
    let no = (-x).applying(.log1p).clamped(min: -100)
    let output = (t - 1) * no - t * yes
    var losses = Tape.record("binary_cross_entropy", inputs: [self], output: output, saving: [x, t]) {
      gradient in
      [gradient * (x - t) / ((1 - x) * x).clamped(min: 1e-12)]
    }
    if let weight { losses = losses * weight.detached() }
    return losses.reduced(reduction)
  }

  /// `(x - target)²`
  public func meanSquaredError(_ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
    checkTarget(target, "meanSquaredError")
    return (self - target).squared().reduced(reduction)
  }

  /// `|x - target|`
  public func l1Loss(_ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
    checkTarget(target, "l1Loss")
    return (self - target).absolute().reduced(reduction)
  }

  /// `d² / (2 beta)` for `d = |x - target|` below `beta`, else `d - beta / 2`; `l1Loss` for `beta` 0.
  public func smoothL1Loss(_ target: Tensor, beta: Float = 1, reduction: LossReduction = .mean) -> Tensor {
    checkTarget(target, "smoothL1Loss")
    precondition(beta >= 0, "Tensor.smoothL1Loss: beta must not be negative, found \(beta)")
    if beta == 0 { return l1Loss(target, reduction: reduction) }
    let difference = self - target
    let d = difference.detached()
    let distance = d.absolute()
    let output = Tensor.where(
      distance.compared(.less, beta), d.squared() * (0.5 / beta), distance.scaled(by: 1, adding: -0.5 * beta))
    let losses = Tape.record("smooth_l1", inputs: [difference], output: output, saving: [d]) { gradient in
      [gradient * d.scaled(by: 1 / beta).clamped(min: -1, max: 1)]
    }
    return losses.reduced(reduction)
  }

  /// `target · (log target - x)` for these log-probabilities; 0 where the target is 0.
  public func klDivergence(_ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
    checkTarget(target, "klDivergence")
    let t = target.detached()
    let entropy = Tensor.where(t.compared(.greater, 0), t * t.log(), Tensor(Float(0)))
    return (entropy - t * self).reduced(reduction)
  }

  private func checkTarget(_ target: Tensor, _ operation: StaticString) {
    requireFloat(operation)
    target.requireFloat(operation)
    precondition(
      target.shape == shape, "Tensor.\(operation): a target of shape \(shape), found \(target.shape)")
  }
}
