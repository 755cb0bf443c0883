// Losses of classification.
extension Tensor {
  /// Cross entropy of these logits `[N, C, ...]` (or `[C]`) against `labels` `[N, ...]`, as
  /// `torch.nn.functional.cross_entropy`.
  ///
  /// - Parameters:
  ///   - labels: class indices of an integer type.
  ///   - weight: `[C]`, a weight for each class; a mean divides by the weights of the labels.
  ///   - ignoreIndex: positions with this label have loss 0 and do not count in a mean.
  ///   - labelSmoothing: the share of the target that is spread evenly over all classes.
  /// - Precondition: labels are classes or `ignoreIndex`.
  public func crossEntropy(
    _ labels: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, labelSmoothing: Float = 0,
    reduction: LossReduction = .mean
  ) -> Tensor {
    requireFloat("crossEntropy")
    precondition(
      rank > 0 && !labels.dtype.isFloatingPoint, "Tensor.crossEntropy: integer labels, found \(labels.dtype)")
    if rank == 1 {
      let loss = unsqueezed(0).crossEntropy(
        labels.reshaped([1]), weight: weight, ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing,
        reduction: reduction)
      return loss.reshaped([])
    }
    precondition(
      labels.shape == [shape[0]] + shape.dropFirst(2),
      "Tensor.crossEntropy: labels of shape \([shape[0]] + shape.dropFirst(2)), found \(labels.shape)")
    precondition(
      weight.map { $0.shape == [shape[1]] && $0.dtype == .float32 } ?? true,
      "Tensor.crossEntropy: a weight of shape \([shape[1]]), found \(weight?.shape ?? [])")
    precondition(
      (0...1).contains(labelSmoothing), "Tensor.crossEntropy: a smoothing in 0...1, found \(labelSmoothing)")
    let options = CrossEntropyOptions(
      weight: weight?.contiguousDetached(), ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing)
    let (x, targets) = (detached(), labels.converted(to: .int64).contiguousDetached())
    let (losses, logSumExp, totalWeight) = backend.crossEntropy(x, targets, options)
    let output: Tensor
    var divisor: Float = 1
    switch reduction {
    case .none: output = losses
    case .sum: output = losses.sum()
    case .mean:
      divisor = Float(totalWeight)
      output = losses.sum() / divisor
    }
    return Tape.record(
      "cross_entropy", inputs: [self], output: output, saving: [x, targets, options.weight].compactMap { $0 }
    ) { gradient in
      [
        gradient.backend.crossEntropyGradient(
          x, targets, options, logSumExp: logSumExp,
          gradient: reduction == .mean ? gradient / divisor : gradient)
      ]
    }
  }

  /// Cross entropy of these logits `[..., C]` against probabilities `target` of the same shape, summed over the last
  /// axis: `-Σ target · log softmax(x)`, one loss a position.
  ///
  /// - Parameter weight: `[C]`, a factor for each class.
  public func softCrossEntropy(_ target: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean)
    -> Tensor
  {
    precondition(
      target.shape == shape, "Tensor.softCrossEntropy: a target of shape \(shape), found \(target.shape)")
    var target = target
    if let weight { target = target * weight }
    return (-(logSoftmax(-1) * target).sum([-1])).reduced(reduction)
  }

  /// `-log p` of the labels, for these log-probabilities `[N, C, ...]`, as `torch.nn.functional.nll_loss`.
  ///
  /// Labels, weights, `ignoreIndex` and means are as in `crossEntropy`.
  public func negativeLogLikelihood(
    _ labels: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: LossReduction = .mean
  ) -> Tensor {
    requireFloat("negativeLogLikelihood")
    precondition(
      rank > 1 && labels.shape == [shape[0]] + shape.dropFirst(2),
      "Tensor.negativeLogLikelihood: [N, C, ...] and labels [N, ...], found \(shape) and \(labels.shape)")
    let targets = labels.converted(to: .int64).detached()
    let counts = targets.compared(.notEqual, Tensor([Int64(ignoreIndex)], shape: []))
    let safe = Tensor.where(counts, targets, Tensor.zeros([], dtype: .int64))
    var factors = counts.converted(to: .float32)
    if let weight {
      factors = factors * weight.detached().indexSelected(0, safe.flattened()).reshaped(safe.shape)
    }
    let losses = -(gathered(1, safe.unsqueezed(1)).squeezed(1) * factors)
    switch reduction {
    case .none: return losses
    case .sum: return losses.sum()
    case .mean: return losses.sum() / factors.sum()
    }
  }
}
