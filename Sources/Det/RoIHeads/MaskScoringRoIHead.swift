import Core
import PyConfig

/// A second stage that scores masks by how good they are, not by their boxes alone.
///
/// Huang et al., 2019 (<https://arxiv.org/abs/1903.00241>). Mirrors mmdet's `MaskScoringRoIHead`.
public final class MaskScoringRoIHead: StandardRoIHead {
  public struct Config: ConfigRecord, Sendable {
    public var base: StandardRoIHead.Config
    public var maskIoUHead: Component

    public init(from reader: inout ConfigReader) throws {
      maskIoUHead = try reader.component("mask_iou_head")
      base = try StandardRoIHead.Config(from: &reader)
      guard base.maskHead != nil else {
        throw BuildError(.missingKey("mask_head"), path: reader.path, location: reader.location)
      }
    }
  }

  let maskIouHead: MaskIoUHead

  public init(_ config: Config, _ context: BuildContext) throws {
    maskIouHead = try config.maskIoUHead.build(context.registries.maskIoUHeads, context)
    try super.init(config.base, context)
    if let sampler, sampler.training.maskThreshold == nil {
      throw InvalidConfig("train_cfg.rcnn must have a mask_thr_binary to judge masks")
    }
  }

  override func addingMaskLosses(
    to terms: LossTerms, _ features: [Tensor], _ samples: [SamplingResult], _ boxFeatures: Tensor,
    _ truths: [GroundTruth]
  ) throws -> LossTerms {
    guard let maskHead, let threshold = try requireTraining().training.maskThreshold else { return terms }
    let x = maskTrainingFeatures(features, samples, boxFeatures)
    let labels = samples.flatMap { $0.posLabels ?? [] }
    let targets = try MaskTargets.make(samples, truths, requireTraining().training)
    let own = maskHead.logits(x, of: labels)
    var terms = terms
    terms.merge(try maskHead.losses(own: own, targets: targets))
    let overlaps = maskIouHead.own(maskIouHead(x, own), labels)
    terms["loss_mask_iou"] = try maskIouHead.loss(
      overlaps, maskIouHead.targets(samples, truths, logits: own, targets: targets, threshold: threshold))
    return terms
  }

  override func addingMasks(
    to found: [Detections], _ features: [Tensor], _ metas: [ImageMeta], _ config: RCNNTestConfig,
    rescale: Bool
  ) throws -> [Detections] {
    guard let maskHead else { return found }
    let boxes = zip(found, metas).map { rescale ? $0.boxes.multiplied(by: $1.scaleFactor) : $0.boxes }
    let rois = RoIs(boxes), labels = found.flatMap(\.labels)
    var merging = MaskMerging()
    var overlaps: [Float] = []
    if !rois.isEmpty {
      let x = maskFeatures(features, rois), own = maskHead.logits(x, of: labels)
      merging.add(own, nil)
      overlaps = maskIouHead.own(maskIouHead(x, own), labels).floats
    }
    var results = try MaskPaste.addMasks(merging, to: found, boxes, metas, config, rescale: rescale)
    var start = 0
    for image in results.indices {
      let count = results[image].count
      results[image].maskScores = zip(overlaps[start..<start + count], results[image].scores).map { $0 * $1 }
      start += count
    }
    return results
  }
}
