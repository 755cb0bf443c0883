import Core

extension BBoxHead {
  /// The losses and accuracies of the scores.
  func classify(_ scores: Tensor, _ targets: BoxTargets, _ terms: inout LossTerms) throws {
    let labels = Tensor(targets.labels), weight = Tensor(targets.labelWeights)
    let factor = Double(max(targets.labelWeights.count { $0 > 0 }, 1))
    let plain = targets.labels.map(Int.init)
    guard let seesaw else {
      terms["loss_cls"] = try lossCls(scores, labels: labels, weight: weight, averageFactor: factor)
      terms["acc"] = Tensor(topOneAccuracy(scores, plain))
      return
    }
    for (name, loss) in try seesaw.terms(scores, labels: labels, weight: weight, averageFactor: factor) {
      terms[name] = loss
    }
    for (name, value) in seesaw.accuracies(scores, plain) { terms[name] = Tensor(value) }
  }

  /// A classification loss for each region, by which hard ones are found.
  func hardness(_ outputs: BoxOutputs, labels: [Int]) throws -> [Float] {
    guard let scores = outputs.scores else {
      throw InvalidConfig("bbox_head must classify (with_cls) to find hard regions")
    }
    let loss = try lossCls(
      scores.detached(), labels: Tensor(labels.map { Int64($0 < 0 ? classes : $0) }),
      weight: Tensor(Array(repeating: Float(1), count: labels.count)),
      averageFactor: Double(max(labels.count, 1)), reduction: LossReduction.none)
    return loss.floats
  }
}
