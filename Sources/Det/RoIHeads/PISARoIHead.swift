import Core
import Foundation

/// A second stage that weighs samples by how much they matter: prime sample attention.
///
/// Cao et al., 2019 (<https://arxiv.org/abs/1904.04821>). Mirrors mmdet's `PISARoIHead`.
public final class PISARoIHead: StandardRoIHead {
  public override func losses(_ features: [Tensor], _ proposals: [Proposals], _ batch: DetectionBatch) throws
    -> LossTerms
  {
    let truths = try batch.requireTruths(), sampler = try requireTraining()
    var (samples, weights): ([SamplingResult], [[Float]?]) = ([], [])
    if let ranking = sampler.sampler as? ScoreHLRSampler {
      for (image, (proposals, truth)) in zip(proposals, truths).enumerated() {
        let assigned = sampler.assigner.assign(
          proposals.boxes, truth.boxes, ignored: truth.ignoredBoxes, labels: truth.labels)
        let (sample, own) = try ranking.sample(
          assigned, proposals.boxes, truth.boxes, labels: truth.labels,
          judge: { boxes in try withoutGradient { try judge(features, image, boxes) } })
        samples.append(sample)
        weights.append(own)
      }
    } else {
      samples = try sample(features, proposals, truths).samples
      weights = samples.map { _ in nil }
    }
    let rois = RoIs(samples.map(\.boxes))
    let (outputs, seen) = boxForward(features, rois)
    var targets = try bboxHead.targets(samples, sampler.training)
    if (weights.first ?? nil) != nil {
      var start = 0
      for (sample, own) in zip(samples, weights) {
        start += sample.posBoxes.count
        for (offset, weight) in (own ?? []).enumerated() { targets.labelWeights[start + offset] = weight }
        start += sample.negBoxes.count
      }
    }
    if let config = sampler.training.reweighting {
      try bboxHead.reweigh(&targets, outputs, rois, samples, config)
    }
    var terms = try bboxHead.losses(outputs, rois, targets)
    if let config = sampler.training.regression {
      terms["loss_carl"] = try bboxHead.awareRegression(outputs, targets, config)
    }
    return try addingMaskLosses(to: terms, features, samples, seen, truths)
  }

  /// What the head says of negative boxes of an image.
  private func judge(_ features: [Tensor], _ image: Int, _ boxes: Boxes) throws -> ScoreHLRSampler.Judgement {
    var rois = RoIs()
    for index in boxes.indices { rois.append(boxes[index], image: image) }
    let outputs = boxForward(features, rois).outputs
    guard let scores = outputs.scores, let codes = outputs.codes else {
      throw InvalidConfig("bbox_head must classify and move boxes (with_cls, with_reg) for a ScoreHLRSampler")
    }
    let losses = try bboxHead.hardness(outputs, labels: boxes.indices.map { _ in -1 })
    let own = bboxHead.own(codes, Array(boxes.indices), bboxHead.bestClasses(scores))
    return ScoreHLRSampler.Judgement(
      probabilities: scores.softmax(-1).floats, classes: bboxHead.classes, losses: losses,
      moved: Boxes(bboxHead.boxCoder.decode(boxes.tensor, own)))
  }
}

extension BBoxHead {
  /// Positive samples count by how well their boxes fit, in their class and for their object. Mirrors `isr_p`.
  func reweigh(
    _ targets: inout BoxTargets, _ outputs: BoxOutputs, _ rois: RoIs, _ samples: [SamplingResult],
    _ config: PrimeSampleConfig
  ) throws {
    let positives = targets.positives(classes: classes)
    guard !positives.isEmpty, let scores = outputs.scores?.detached(), let codes = outputs.codes?.detached()
    else { return }
    let labels = positives.map { Int(targets.labels[$0]) }
    // Objects are told apart as the original does: by the largest number in the image before.
    var (objects, offset): ([Int], Int) = ([], 0)
    for sample in samples {
      objects += sample.posTruthIndices.map { $0 + offset }
      if let largest = sample.posTruthIndices.max() { offset = largest + 1 }
    }
    let priors = rois[positives].boxes.tensor
    let (moved, wanted) = withoutGradient {
      (
        boxCoder.decode(priors, own(codes, positives, labels)),
        boxCoder.decode(priors, BoxTargets.rows(targets.boxes, positives))
      )
    }
    var overlaps = withoutGradient { moved.alignedOverlaps(wanted, .iou, epsilon: 1e-6).floats }
    let most = Float(Dictionary(grouping: labels, by: { $0 }).values.map(\.count).max() ?? 0)
    var weights = positives.map { targets.labelWeights[$0] }
    for label in Set(labels) {
      let members = labels.indices.filter { labels[$0] == label }
      for object in Set(members.map { objects[$0] }) {
        let own = members.filter { objects[$0] == object }
        for (rank, place) in descendingOrder(own.map { overlaps[$0] }).enumerated() {
          overlaps[own[place]] += most - Float(rank)
        }
      }
      for (rank, place) in descendingOrder(members.map { overlaps[$0] }).enumerated() {
        weights[members[place]] *= (most - Float(rank)) / most
      }
    }
    weights = weights.map { powf(config.bias + $0 * (1 - config.bias), config.power) }
    let losses = try lossCls(
      scores.indexSelected(0, positives), labels: Tensor(labels.map(Int64.init)),
      reduction: LossReduction.none
    ).floats
    // The sum of losses stays as it was.
    let before = zip(losses, positives).reduce(Float(0)) { $0 + $1.0 * targets.labelWeights[$1.1] }
    let after = zip(losses, weights).reduce(Float(0)) { $0 + $1.0 * $1.1 }
    for (place, positive) in positives.enumerated() {
      targets.labelWeights[positive] = weights[place] * (before / after)
    }
  }

  /// A regression loss that counts more where the class is sure. Mirrors `carl_loss`.
  func awareRegression(_ outputs: BoxOutputs, _ targets: BoxTargets, _ config: PrimeSampleConfig) throws
    -> Tensor
  {
    guard let scores = outputs.scores, let codes = outputs.codes else {
      throw InvalidConfig(
        "bbox_head must classify and move boxes (with_cls, with_reg) for train_cfg.rcnn.carl")
    }
    let positives = targets.positives(classes: classes)
    guard !positives.isEmpty else { return (scores.sum() * 0).reshaped([1]) }
    let labels = positives.map { Int(targets.labels[$0]) }
    let width = scores.shape[1]
    let own = scores.softmax(-1).reshaped([scores.shape[0] * width])
      .indexSelected(0, zip(positives, labels).map { $0 * width + $1 })
    var weights = (own * (1 - config.bias) + config.bias).power(config.power)
    weights = weights * (Float(positives.count) / weights.sum())
    let loss = try lossBbox(
      self.own(codes, positives, labels), values: BoxTargets.rows(targets.boxes, positives),
      reduction: LossReduction.none)
    return ((loss / Float(targets.count)) * weights.reshaped([positives.count, 1])).sum().reshaped([1])
  }
}
