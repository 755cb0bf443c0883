import Core

/// `train_cfg.rcnn.dynamic_rcnn`: how `DynamicRoIHead` adapts to its proposals.
public struct DynamicRCNNConfig: ConfigRecord, Sendable {
  /// Which overlap of an image and which target of a step count: the so-manieth largest and smallest.
  public var iouTopK, betaTopK: Int
  /// Steps between changes.
  public var interval: Int
  /// The least threshold and the largest beta.
  public var initialIoU, initialBeta: Float

  public init(from reader: inout ConfigReader) throws {
    iouTopK = try reader.integer("iou_topk", in: 1...(1 << 30))
    betaTopK = try reader.integer("beta_topk", in: 1...(1 << 30))
    interval = try reader.integer("update_iter_interval", in: 1...(1 << 30))
    initialIoU = try reader.value("initial_iou")
    initialBeta = try reader.value("initial_beta")
    guard initialBeta > 0 else {
      throw reader.invalid("must be positive, found \(initialBeta)", key: "initial_beta")
    }
  }
}

/// A second stage whose threshold for positive proposals rises, and whose loss sharpens, as proposals get better.
///
/// Zhang et al., 2020 (<https://arxiv.org/abs/2004.06002>). Mirrors mmdet's `DynamicRoIHead`.
public final class DynamicRoIHead: StandardRoIHead {
  private var overlaps: [Double] = []
  private var betas: [Double] = []

  public override init(_ config: Config, _ context: BuildContext) throws {
    try super.init(config, context)
    guard bboxHead.lossBbox is SmoothL1Loss else {
      throw InvalidConfig("bbox_head.loss_bbox must be a SmoothL1Loss, found \(type(of: bboxHead.lossBbox))")
    }
    if let sampler, !(sampler.assigner is MaxIoUAssigner) || sampler.training.dynamic == nil {
      throw InvalidConfig("train_cfg.rcnn must have a MaxIoUAssigner and dynamic_rcnn")
    }
  }

  public override func losses(_ features: [Tensor], _ proposals: [Proposals], _ batch: DetectionBatch) throws
    -> LossTerms
  {
    guard let config = try requireTraining().training.dynamic else {
      throw InvalidConfig("train_cfg.rcnn must have dynamic_rcnn")
    }
    let truths = try batch.requireTruths()
    let (samples, assigned) = try sample(features, proposals, truths)
    let best = zip(assigned, samples).map { result, sample -> Double in
      // Objects' own boxes count, with an overlap of 1, where the sampler adds them.
      let own = [Float](repeating: 1, count: sample.addedTruths)
      let sorted = (own + result.maxOverlaps).sorted(by: >)
      return sorted.isEmpty ? 0 : Double(sorted[min(config.iouTopK, sorted.count) - 1])
    }
    overlaps.append(best.reduce(0, +) / Double(max(best.count, 1)))
    note(try bboxHead.targets(samples, requireTraining().training), images: truths.count, config)
    let (terms, seen) = try boxLosses(features, samples)
    let all = try addingMaskLosses(to: terms, features, samples, seen, truths)
    if overlaps.count % config.interval == 0 { adapt(config) }
    return all
  }

  /// Remembers the size of the small shifts of centres that the step asks for.
  private func note(_ targets: BoxTargets, images: Int, _ config: DynamicRCNNConfig) {
    let shifts = (0..<targets.count).filter { targets.boxWeights[4 * $0] != 0 }.map {
      (abs(targets.boxes[4 * $0]) + abs(targets.boxes[4 * $0 + 1])) / 2
    }.sorted()
    // The original fails where a step has no positive region; there is nothing to learn from it here.
    guard !shifts.isEmpty else { return }
    betas.append(Double(shifts[min(config.betaTopK * images, shifts.count) - 1]))
  }

  private func adapt(_ config: DynamicRCNNConfig) {
    let threshold = max(config.initialIoU, Float(overlaps.reduce(0, +) / Double(overlaps.count)))
    overlaps = []
    if var assigner = sampler?.assigner as? MaxIoUAssigner {
      (assigner.positive, assigner.negative, assigner.leastPositive) = (threshold, 0..<threshold, threshold)
      sampler?.assigner = assigner
    }
    let sorted = betas.sorted()
    betas = []
    guard !sorted.isEmpty, let loss = bboxHead.lossBbox as? SmoothL1Loss else { return }
    let middle = sorted.count / 2
    let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    if median >= 1e-15 { loss.beta = min(config.initialBeta, Float(median)) }
  }
}
