import Core

extension BBoxHead {
  /// What the head should say of sampled regions. Mirrors `get_targets`.
  func targets(_ samples: [SamplingResult], _ training: RCNNTrainConfig) throws -> BoxTargets {
    var targets = BoxTargets()
    for sample in samples {
      let (positives, negatives) = (sample.posBoxes.count, sample.negBoxes.count)
      guard let labels = sample.posLabels ?? (positives == 0 ? [] : nil) else {
        throw InvalidConfig("the pipeline must collect gt_labels to train a second stage")
      }
      guard labels.allSatisfy({ (0..<classes).contains($0) }) else {
        throw InvalidConfig(
          "classes of objects must be below bbox_head.num_classes, \(classes), found \(labels.max() ?? 0)")
      }
      let weight = training.positiveWeight <= 0 ? 1 : training.positiveWeight
      targets.labels += labels.map(Int64.init) + Array(repeating: Int64(classes), count: negatives)
      targets.labelWeights += Array(repeating: weight, count: positives) + Array(repeating: 1, count: negatives)
      targets.boxes +=
        config.decodesForLoss ? sample.posTruthBoxes.values : boxCoder.encode(sample.posBoxes, sample.posTruthBoxes)
      targets.boxes += Array(repeating: 0, count: 4 * negatives)
      targets.boxWeights += Array(repeating: 1, count: 4 * positives) + Array(repeating: 0, count: 4 * negatives)
    }
    return targets
  }

  /// Losses by the original's names. Mirrors `loss`.
  func losses(_ outputs: BoxOutputs, _ rois: RoIs, _ targets: BoxTargets) throws -> LossTerms {
    var terms = LossTerms()
    if let scores = outputs.scores, scores.count > 0 { try classify(scores, targets, &terms) }
    guard let codes = outputs.codes else { return terms }
    let positives = targets.positives(classes: classes)
    guard !positives.isEmpty else {
      // Nothing to move; the sum of no numbers keeps the layer in the graph.
      terms["loss_bbox"] = codes.sliced(0, 0..<0).sum()
      return terms
    }
    var predicted = own(codes, positives, positives.map { Int(targets.labels[$0]) })
    if config.decodesForLoss { predicted = boxCoder.decode(rois[positives].boxes.tensor, predicted) }
    terms["loss_bbox"] = try lossBbox(
      predicted, values: BoxTargets.rows(targets.boxes, positives),
      weight: BoxTargets.rows(targets.boxWeights, positives), averageFactor: Double(targets.count))
    return terms
  }

  private func classify(_ scores: Tensor, _ targets: BoxTargets, _ terms: inout LossTerms) throws {
    let labels = Tensor(targets.labels), weight = Tensor(targets.labelWeights)
    let factor = Double(max(targets.labelWeights.count { $0 > 0 }, 1))
    if let custom = customClassification {
      for (name, loss) in try custom.terms(scores, labels: labels, weight: weight, averageFactor: factor) {
        terms[name] = loss
      }
      for (name, value) in custom.accuracies(scores, labels: labels) { terms[name] = value }
      return
    }
    terms["loss_cls"] = try lossCls(scores, labels: labels, weight: weight, averageFactor: factor)
    terms["acc"] = Tensor(accuracy(scores.detached(), targets.labels))
  }

  /// How many regions of a hundred have their class as the best one.
  private func accuracy(_ scores: Tensor, _ labels: [Int64]) -> Float {
    let best = scores.argmax(1).elements(as: Int64.self)
    return Float(zip(best, labels).count { $0 == $1 }) * (100 / Float(labels.count))
  }

  /// A classification loss for each region, by which hard ones are found.
  func hardness(_ outputs: BoxOutputs, labels: [Int]) throws -> [Float] {
    guard let scores = outputs.scores else { throw InvalidConfig("bbox_head must classify (with_cls) to find hard regions") }
    let loss = try lossCls(
      scores.detached(), labels: Tensor(labels.map(Int64.init)),
      weight: Tensor(Array(repeating: Float(1), count: labels.count)),
      averageFactor: Double(max(labels.count, 1)), reduction: LossReduction.none)
    return loss.floats
  }
}
