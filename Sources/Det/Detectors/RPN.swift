import Core
import PyConfig

/// A network that proposes boxes and does nothing else. Mirrors mmdet's `RPN`.
public final class RPN: Module, Detector {
  struct Config: ConfigRecord, Sendable {
    var base: DetectorBase
    var head: Component

    init(from reader: inout ConfigReader) throws {
      base = try DetectorBase(from: &reader)
      head = base.head(try reader.component("rpn_head"), part: "rpn")
    }
  }

  let backbone: any Backbone
  let neck: (any Neck)?
  let rpnHead: any DenseHead
  public let initialization: [InitConfig]

  init(_ config: Config, _ context: BuildContext) throws {
    backbone = try config.base.makeBackbone(context)
    neck = try config.base.makeNeck(context)
    rpnHead = try config.head.build(context.registries.denseHeads, context)
    initialization = config.base.initialization
    super.init()
    try DetectorBase.check(backbone, neck, rpnHead)
  }

  /// Proposals have no class, whatever classes the data set has.
  public var classes: Int? { nil }

  private func features(_ images: Tensor) throws -> [Tensor] {
    try check(images.shape)
    return try DetectorBase.features(images, backbone, neck)
  }

  public func losses(_ batch: DetectionBatch) throws -> LossTerms {
    try rpnHead.losses(features(batch.images), batch)
  }

  public func predict(_ batch: DetectionBatch, rescale: Bool) throws -> [Detections] {
    try withoutGradient {
      try rpnHead.detections(features(batch.images), batch.metas, rescale: rescale, suppress: true)
    }
  }

  public func predict(views: [DetectionBatch]) throws -> Detections {
    try withoutGradient { try rpnHead.detections(views: seen(views, features)) }
  }

  public func runDummy(_ images: Tensor) {
    let features = backbone(images)
    rpnHead.forwardDummy(neck.map { $0(features) } ?? features)
  }
}
