extension Tensor {
  /// Focal loss of these logits `[N, C]` through sigmoids, summed over classes: `[N]`.
  ///
  /// Lin et al., 2017 (<https://arxiv.org/abs/1708.02002>): `-α (1 - p)^γ log p` for the class of a row and
  /// `-(1 - α) p^γ log(1 - p)` for the others.
  ///
  /// - Parameters:
  ///   - labels: `[N]` of an integer type; what is no class is background.
  ///   - weight: `[N]`, a factor for each row; rows with 0 have loss 0 whatever their logits.
  public func sigmoidFocalLoss(_ labels: Tensor, gamma: Float = 2, alpha: Float = 0.25, weight: Tensor? = nil)
    -> Tensor
  {
    requireFloat("sigmoidFocalLoss")
    precondition(
      rank == 2 && labels.shape == [shape[0]] && (weight.map { $0.shape == [shape[0]] } ?? true),
      "Tensor.sigmoidFocalLoss: [N, C] with labels and weights [N], found \(shape), \(labels.shape)")
    let x = contiguousDetached()
    let labels = labels.asIndices("sigmoidFocalLoss").contiguousDetached()
    let weight = weight?.contiguousDetached()
    let output = backend.sigmoidFocalLoss(x, labels, gamma: gamma, alpha: alpha, weight: weight)
    return Tape.record(
      "sigmoid_focal_loss", inputs: [self], output: output, saving: [x, labels, weight].compactMap { $0 }
    ) { gradient in
      [
        gradient.backend.sigmoidFocalLossGradient(
          x, labels, gamma: gamma, alpha: alpha, weight: weight, gradient: gradient)
      ]
    }
  }
}
