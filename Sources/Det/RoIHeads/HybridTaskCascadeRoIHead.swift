import Core
import PyConfig

/// A cascade whose mask heads follow the box heads and each other, and whose features know the classes of pixels.
///
/// Chen et al., 2019 (<https://arxiv.org/abs/1901.07518>). Mirrors mmdet's `HybridTaskCascadeRoIHead`.
///
/// Inside, the semantic features stand behind the levels of the pyramid.
public final class HybridTaskCascadeRoIHead: CascadeRoIHead {
  /// Which features the semantic ones are added to.
  public enum Fusion: String, Sendable, CaseIterable, ConfigDecodable {
    case bbox, mask
  }

  public struct Config: ConfigRecord, Sendable {
    public var cascade: CascadeRoIHead.Config
    public var semanticExtractor, semanticHead: Component?
    public var fusions: [Fusion]
    /// Whether masks are learnt on boxes that the stage has refined.
    public var isInterleaved: Bool
    /// Whether mask heads see what those before them worked out.
    public var passesMasks: Bool

    public init(from reader: inout ConfigReader) throws {
      cascade = try CascadeRoIHead.Config(from: &reader)
      semanticExtractor = reader.optionalComponent("semantic_roi_extractor")
      semanticHead = reader.optionalComponent("semantic_head")
      if semanticHead != nil, semanticExtractor == nil {
        throw BuildError(.missingKey("semantic_roi_extractor"), path: reader.path, location: reader.location)
      }
      fusions = try reader.value("semantic_fusion", default: [.bbox, .mask])
      isInterleaved = try reader.value("interleaved", default: true)
      passesMasks = try reader.value("mask_info_flow", default: true)
    }
  }

  let semanticRoiExtractor: (any RoIExtractor)?
  let semanticHead: FusedSemanticHead?
  private let config: Config

  public init(_ config: Config, _ context: BuildContext) throws {
    self.config = config
    semanticHead = try config.semanticHead?.build(context.registries.roiSemanticHeads, context)
    semanticRoiExtractor =
      config.semanticHead == nil
      ? nil : try config.semanticExtractor?.build(context.registries.roiExtractors, context)
    try super.init(config.cascade, context)
    for (stage, head) in (maskHead?.modules ?? []).enumerated() {
      guard let head = head as? HTCMaskHead, stage == 0 || !config.passesMasks || head.convRes != nil else {
        throw InvalidConfig(
          "mask_head.\(stage) must be an HTCMaskHead, with with_conv_res where another goes before it")
      }
    }
  }

  public override func check(channels: [Int]) throws {
    try super.check(channels: channels)
    guard let semanticHead else { return }
    guard channels == Array(repeating: semanticHead.config.inChannels, count: semanticHead.config.inputs)
    else {
      throw InvalidConfig(
        "semantic_head must have as many inputs as there are feature maps, of their channels, \(channels), found "
          + "num_ins=\(semanticHead.config.inputs), in_channels=\(semanticHead.config.inChannels)")
    }
    try semanticRoiExtractor?.check(channels: [semanticHead.config.channels])
  }

  /// Adds what the semantic features say of the regions.
  private func fused(_ x: Tensor, _ features: [Tensor], _ rois: RoIs, _ fusion: Fusion) -> Tensor {
    guard let semanticRoiExtractor, config.fusions.contains(fusion) else { return x }
    let semantic = semanticRoiExtractor([features[features.count - 1]], rois)
    return x + (semantic.imageSize == x.imageSize ? semantic : semantic.adaptiveAvgPool2d(x.imageSize))
  }

  override func boxForward(_ stage: Int, _ features: [Tensor], _ rois: RoIs) -> (
    outputs: BoxOutputs, features: Tensor
  ) {
    let x = fused(bboxRoiExtractor[stage](features, rois), features, rois, .bbox)
    return (bboxHead[stage](x), x)
  }

  /// What the mask heads up to a stage work out, each from the one before where they pass it on.
  private func maskResults(_ x: Tensor, upTo stage: Int) -> [Tensor] {
    guard let heads = maskHead?.modules as? [HTCMaskHead] else { return [] }
    var results: [Tensor] = []
    for (index, head) in heads.prefix(stage + 1).enumerated() {
      // Without the flow only the last one counts.
      if !config.passesMasks && index < stage {
        results.append(x)
      } else {
        results.append(head.results(x, before: config.passesMasks ? results.last : nil))
      }
    }
    return results
  }

  public override func losses(_ features: [Tensor], _ proposals: [Proposals], _ batch: DetectionBatch) throws
    -> LossTerms
  {
    let truths = try batch.requireTruths()
    var (terms, features) = (LossTerms(), features)
    if let semanticHead {
      let (scores, embedded) = semanticHead(features)
      terms["loss_semantic_seg"] = try semanticHead.loss(scores, batch.semanticMaps)
      features.append(embedded)
    }
    var boxes = proposals.map(\.boxes)
    for stage in 0..<stages {
      let weight = lossWeights[stage]
      var samples = try sample(stage, features, boxes, truths)
      let rois = RoIs(samples.map(\.boxes))
      let outputs = boxForward(stage, features, rois).outputs
      let targets = try bboxHead[stage].targets(samples, requireTraining()[stage].training)
      terms.merge(try bboxHead[stage].losses(outputs, rois, targets).scaled(by: weight), prefix: "s\(stage).")
      if maskHead != nil {
        if config.isInterleaved {
          boxes = try refined(stage, outputs, rois, targets, samples, batch.metas)
          samples = try sample(stage, features, boxes, truths)
        }
        terms.merge(try maskLosses(stage, features, samples, truths).scaled(by: weight), prefix: "s\(stage).")
      }
      if stage + 1 < stages, !config.isInterleaved {
        boxes = try refined(stage, outputs, rois, targets, samples, batch.metas)
      }
    }
    return terms
  }

  private func maskLosses(
    _ stage: Int, _ features: [Tensor], _ samples: [SamplingResult], _ truths: [GroundTruth]
  ) throws
    -> LossTerms
  {
    guard let head = maskHead?[stage] as? HTCMaskHead, let maskRoiExtractor else { return LossTerms() }
    let rois = RoIs(samples.map(\.posBoxes))
    let x = fused(maskRoiExtractor[stage](features, rois), features, rois, .mask)
    let own = head.ownLogits(
      head.upsampled(maskResults(x, upTo: stage)[stage]), samples.flatMap { $0.posLabels ?? [] })
    return try head.losses(
      own: own, targets: MaskTargets.make(samples, truths, requireTraining()[stage].training))
  }

  /// The levels with the semantic features behind them.
  private func extended(_ features: [Tensor]) -> [Tensor] {
    semanticHead.map { features + [$0(features).features] } ?? features
  }

  public override func detections(
    _ features: [Tensor], _ proposals: [Proposals], _ metas: [ImageMeta], rescale: Bool
  ) throws -> [Detections] {
    try super.detections(extended(features), proposals, metas, rescale: rescale)
  }

  public override func detections(views: [(features: [Tensor], meta: ImageMeta)], _ proposals: Proposals)
    throws
    -> Detections
  {
    try super.detections(views: views.map { (extended($0.features), $0.meta) }, proposals)
  }

  override func addMasks(
    to merging: inout MaskMerging, _ features: [Tensor], _ rois: RoIs, _ labels: [Int], _ meta: ImageMeta?
  ) {
    guard let heads = maskHead?.modules as? [HTCMaskHead], let maskRoiExtractor else { return }
    let x = fused(maskRoiExtractor[stages - 1](features, rois), features, rois, .mask)
    var before: Tensor?
    for head in heads {
      let result = head.results(x, before: config.passesMasks ? before : nil)
      merging.add(head.ownLogits(head.upsampled(result), labels), meta)
      before = result
    }
  }

  public override func forwardDummy(_ features: [Tensor], _ proposals: Boxes) {
    let features = extended(features), rois = RoIs([proposals])
    for stage in 0..<stages { _ = boxForward(stage, features, rois) }
    guard let heads = maskHead?.modules as? [HTCMaskHead], let maskRoiExtractor else { return }
    let first = rois[Array(0..<min(100, rois.count))]
    let x = fused(maskRoiExtractor[stages - 1](features, first), features, first, .mask)
    var before: Tensor?
    for head in heads {
      let result = head.results(x, before: config.passesMasks ? before : nil)
      _ = head.convLogits(head.upsampled(result))
      before = result
    }
  }
}
