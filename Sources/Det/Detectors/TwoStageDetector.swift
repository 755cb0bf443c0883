import Core
import PyConfig

/// A detector whose first stage proposes boxes and whose second stage classifies and refines them.
///
/// Ren et al., 2015 (<https://arxiv.org/abs/1506.01497>). Mirrors mmdet's `TwoStageDetector` and those derived from it
/// without a change (`FasterRCNN`, `MaskRCNN`, `CascadeRCNN`, ...), and `FastRCNN`, whose proposals come with the data.
public final class TwoStageDetector: Module, Detector {
  struct Config: ConfigRecord, Sendable {
    var base: DetectorBase
    var rpnHead: Component?
    var roiHead: Component
    /// Which proposals training sees: `train_cfg.rpn_proposal`.
    var proposals: DenseTestConfig?

    init(from reader: inout ConfigReader) throws { try self.init(from: &reader, proposes: true) }

    /// - Parameter proposes: whether there is a first stage.
    init(from reader: inout ConfigReader, proposes: Bool) throws {
      let base = try DetectorBase(from: &reader)
      self.base = base
      rpnHead = proposes ? reader.optionalComponent("rpn_head").map { base.head($0, part: "rpn") } : nil
      roiHead = base.head(try reader.component("roi_head"), part: "rcnn")
      if let training = base.training {
        var inner = try ConfigReader(training.node, path: training.path)
        proposals = try inner.optional("rpn_proposal")
        inner.ignore("rpn", "rcnn")
        try inner.finish()
      }
      if let testing = base.testing {
        var inner = try ConfigReader(testing.node, path: testing.path)
        inner.ignore("rpn", "rcnn")
        try inner.finish()
      }
    }
  }

  /// mmdet's `FastRCNN`.
  struct FastConfig: ConfigRecord, Sendable {
    var config: Config
    init(from reader: inout ConfigReader) throws { config = try Config(from: &reader, proposes: false) }
  }

  let backbone: any Backbone
  let neck: (any Neck)?
  let rpnHead: (any DenseHead)?
  let roiHead: any RoIHead
  private let proposalConfig: DenseTestConfig?
  public let initialization: [InitConfig]

  init(_ config: Config, _ context: BuildContext) throws {
    backbone = try config.base.makeBackbone(context)
    neck = try config.base.makeNeck(context)
    rpnHead = try config.rpnHead?.build(context.registries.denseHeads, context)
    roiHead = try config.roiHead.build(context.registries.roiHeads, context)
    (proposalConfig, initialization) = (config.proposals, config.base.initialization)
    super.init()
    let given = backbone.outputs.map(\.channels)
    if !given.isEmpty, let wanted = neck?.inputChannels, wanted != given {
      throw InvalidConfig("neck.in_channels must be the backbone's, \(given), found \(wanted)")
    }
    let channels = neck.map { $0.outputChannels ?? [] } ?? given
    if !channels.isEmpty { try roiHead.check(channels: channels) }
  }

  public var classes: Int? { roiHead.classes }

  /// What the heads see.
  ///
  /// - Throws: `InvalidConfig` where the images do not fit the network.
  public func features(_ images: Tensor) throws -> [Tensor] {
    try check(images.shape)
    let features = backbone(images)
    guard let neck else { return features }
    try neck.check(features.map(\.shape))
    return neck(features)
  }

  public func losses(_ batch: DetectionBatch) throws -> LossTerms {
    let features = try features(batch.images)
    guard let rpnHead else {
      return try roiHead.losses(features, requireProposals(batch.proposals, count: batch.metas.count), batch)
    }
    var (terms, proposals) = try rpnHead.lossesAndProposals(features, batch, proposalConfig)
    terms.merge(try roiHead.losses(features, proposals, batch))
    return terms
  }

  public func predict(_ batch: DetectionBatch, rescale: Bool) throws -> [Detections] {
    try withoutGradient {
      let features = try features(batch.images)
      let proposals =
        try batch.proposals ?? rpnHead?.proposals(features, batch.metas)
        ?? requireProposals(nil, count: batch.metas.count)
      return try roiHead.detections(
        features, requireProposals(proposals, count: batch.metas.count), batch.metas, rescale: rescale)
    }
  }

  public func predict(views: [DetectionBatch]) throws -> Detections {
    try withoutGradient {
      guard let rpnHead else {
        throw InvalidConfig("test-time augmentation needs proposals of the model's own (rpn_head)")
      }
      let seen = try views.map { view -> (features: [Tensor], meta: ImageMeta) in
        guard view.metas.count == 1 else {
          throw InvalidConfig(
            "test-time augmentation works on one picture at a time, found \(view.metas.count)")
        }
        return (try features(view.images), view.metas[0])
      }
      let proposals = try rpnHead.detections(views: seen)
      return try roiHead.detections(views: seen, Proposals(boxes: proposals.boxes, scores: proposals.scores))
    }
  }

  public func runDummy(_ images: Tensor) {
    let features = backbone(images)
    let maps = neck.map { $0(features) } ?? features
    rpnHead?.forwardDummy(maps)
    // Their places do not matter, only that there are a thousand.
    roiHead.forwardDummy(maps, Boxes(Array(repeating: Float(0), count: 4000)))
  }
}
