import Core
import PyConfig

/// A cascade whose one mask head learns on the last stage's boxes, as it is tested.
///
/// Vu et al., 2020 (<https://arxiv.org/abs/2012.10150>). Mirrors mmdet's `SCNetRoIHead`.
///
/// Inside, the semantic features stand behind the levels of the pyramid, and behind them those of the whole picture.
public final class SCNetRoIHead: CascadeRoIHead {
  public struct Config: ConfigRecord, Sendable {
    public var cascade: CascadeRoIHead.Config
    public var maskExtractor, maskHead: Component
    public var semanticExtractor, semanticHead, relayHead, contextHead: Component?

    public init(from reader: inout ConfigReader) throws {
      cascade = try CascadeRoIHead.Config(from: &reader, readsMasks: false)
      maskExtractor = try reader.component("mask_roi_extractor")
      maskHead = try reader.component("mask_head")
      semanticExtractor = reader.optionalComponent("semantic_roi_extractor")
      semanticHead = reader.optionalComponent("semantic_head")
      if semanticHead != nil, semanticExtractor == nil {
        throw BuildError(.missingKey("semantic_roi_extractor"), path: reader.path, location: reader.location)
      }
      relayHead = reader.optionalComponent("feat_relay_head")
      contextHead = reader.optionalComponent("glbctx_head")
    }
  }

  @Named var ownMaskExtractor: any RoIExtractor
  @Named var ownMaskHead: any MaskHead
  let semanticRoiExtractor: (any RoIExtractor)?
  let semanticHead: FusedSemanticHead?
  let featRelayHead: FeatureRelayHead?
  let glbctxHead: GlobalContextHead?

  public init(_ config: Config, _ context: BuildContext) throws {
    let registries = context.registries
    _ownMaskExtractor = Named(
      "mask_roi_extractor", try config.maskExtractor.build(registries.roiExtractors, context))
    _ownMaskHead = Named("mask_head", try config.maskHead.build(registries.maskHeads, context))
    semanticHead = try config.semanticHead?.build(registries.roiSemanticHeads, context)
    semanticRoiExtractor =
      config.semanticHead == nil
      ? nil : try config.semanticExtractor?.build(registries.roiExtractors, context)
    featRelayHead = try config.relayHead?.build(registries.featureRelayHeads, context)
    glbctxHead = try config.contextHead?.build(registries.globalContextHeads, context)
    try super.init(config.cascade, context)
    for (stage, head) in bboxHead.enumerated() where !(head is ConvFCBBoxHead) {
      throw InvalidConfig("bbox_head.\(stage) must be an SCNetBBoxHead")
    }
    guard ownMaskHead.classes == bboxHead[0].classes else {
      throw InvalidConfig(
        "num_classes must be the same in all heads, found \(bboxHead[0].classes), \(ownMaskHead.classes)")
    }
  }

  override var predictsMasks: Bool { true }

  public override func check(channels: [Int]) throws {
    try super.check(channels: channels)
    try ownMaskExtractor.check(channels: channels)
    if let semanticHead {
      let wanted = Array(repeating: semanticHead.config.inChannels, count: semanticHead.config.inputs)
      guard channels == wanted else {
        throw InvalidConfig(
          "semantic_head: num_ins and in_channels must be those of the feature maps, \(channels), found \(wanted)"
        )
      }
      try semanticRoiExtractor?.check(channels: [semanticHead.config.channels])
    }
    if let glbctxHead, channels.last != glbctxHead.config.inChannels {
      throw InvalidConfig(
        "glbctx_head.in_channels must be that of the last feature map, \(channels.last ?? 0), found \(glbctxHead.config.inChannels)"
      )
    }
  }

  /// Adds what is known of pixels and of whole pictures.
  private func fused(_ x: Tensor, _ features: [Tensor], _ rois: RoIs) -> Tensor {
    var (x, rest) = (x, features)
    let context = glbctxHead == nil ? nil : rest.removeLast()
    if let semanticRoiExtractor {
      let semantic = semanticRoiExtractor([rest[rest.count - 1]], rois)
      x = x + (semantic.imageSize == x.imageSize ? semantic : semantic.adaptiveAvgPool2d(x.imageSize))
    }
    guard let context, !rois.isEmpty else { return x }
    return x + context.indexSelected(0, (0..<rois.count).map { rois[image: $0] })
  }

  /// The features returned are those that both tasks of the box head share.
  override func boxForward(_ stage: Int, _ features: [Tensor], _ rois: RoIs) -> (
    outputs: BoxOutputs, features: Tensor
  ) {
    guard let head = bboxHead[stage] as? ConvFCBBoxHead else {
      return super.boxForward(stage, features, rois)
    }
    let shared = head.shared(fused(bboxRoiExtractor[stage](features, rois), features, rois))
    return (head.outputs(shared), shared)
  }

  /// What the mask head sees of regions.
  ///
  /// - Parameter relayed: what the last box head worked out of them.
  private func maskFeatures(_ features: [Tensor], _ rois: RoIs, _ relayed: Tensor) -> Tensor {
    let x = fused(ownMaskExtractor(features, rois), features, rois)
    guard let featRelayHead, relayed.shape[0] > 0 else { return x }
    return x + featRelayHead(relayed)
  }

  public override func losses(_ features: [Tensor], _ proposals: [Proposals], _ batch: DetectionBatch) throws
    -> LossTerms
  {
    let truths = try batch.requireTruths()
    var (terms, levels) = (LossTerms(), features)
    if let semanticHead {
      let (scores, embedded) = semanticHead(features)
      terms["loss_semantic_seg"] = try semanticHead.loss(scores, batch.semanticMaps)
      levels.append(embedded)
    }
    if let glbctxHead {
      let (scores, embedded) = glbctxHead(features)
      terms["loss_glbctx"] = try glbctxHead.loss(scores, truths.map(\.labels))
      levels.append(embedded)
    }
    var boxes = proposals.map(\.boxes)
    for stage in 0..<stages {
      let training = try requireTraining()[stage].training
      let samples = try sample(stage, levels, boxes, truths)
      let rois = RoIs(samples.map(\.boxes))
      let (outputs, shared) = boxForward(stage, levels, rois)
      let targets = try bboxHead[stage].targets(samples, training)
      terms.merge(
        try bboxHead[stage].losses(outputs, rois, targets).scaled(by: lossWeights[stage]),
        prefix: "s\(stage).")
      if stage + 1 < stages {
        boxes = try refined(stage, outputs, rois, targets, samples, batch.metas)
        continue
      }
      var (positives, start): ([Int], Int) = ([], 0)
      for sample in samples {
        positives += start..<start + sample.posBoxes.count
        start += sample.boxes.count
      }
      let x = maskFeatures(levels, RoIs(samples.map(\.posBoxes)), shared.indexSelected(0, positives))
      let own = ownMaskHead.logits(x, of: samples.flatMap { $0.posLabels ?? [] })
      let masks = try ownMaskHead.losses(own: own, targets: MaskTargets.make(samples, truths, training))
      terms["loss_mask"] = masks["loss_mask"].map { $0 * lossWeights.reduce(0, +) }
    }
    return terms
  }

  /// The levels with what is known of pixels and pictures behind them.
  private func extended(_ features: [Tensor]) -> [Tensor] {
    features
      + [semanticHead.map { $0(features).features }, glbctxHead.map { $0(features).features }].compactMap {
        $0
      }
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
    let relayed = boxForward(stages - 1, features, rois).features
    merging.add(ownMaskHead.logits(maskFeatures(features, rois, relayed), of: labels), meta)
  }

  public override func forwardDummy(_ features: [Tensor], _ proposals: Boxes) {
    let features = extended(features), rois = RoIs([proposals])
    for stage in 0..<stages { _ = boxForward(stage, features, rois) }
    let first = rois[Array(0..<min(100, rois.count))]
    _ = ownMaskHead(maskFeatures(features, first, boxForward(stages - 1, features, first).features))
  }
}
