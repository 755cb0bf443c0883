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
  }

  public var classes: Int? { 1 }

  private func features(_ images: Tensor) -> [Tensor] {
    let features = backbone(images)
    return neck.map { $0(features) } ?? features
  }

  public func losses(_ batch: DetectionBatch) throws -> LossTerms {
    try check(batch.images.shape)
    return try rpnHead.losses(features(batch.images), batch)
  }

  public func predict(_ batch: DetectionBatch, rescale: Bool) throws -> [Detections] {
    try check(batch.images.shape)
    return try withoutGradient {
      try rpnHead.detections(features(batch.images), batch.metas, rescale: rescale, suppress: true)
    }
  }

  public func predict(views: [DetectionBatch]) throws -> Detections {
    try withoutGradient { try rpnHead.detections(views: views.map { ($0, features) }.flattened()) }
  }

  public func runDummy(_ images: Tensor) { rpnHead.forwardDummy(features(images)) }
}
