import Core
import PyConfig

/// A backbone, a neck and a head that finds objects at all positions in one go.
///
/// Mirrors mmdet's `SingleStageDetector` and those derived from it without a change (`RetinaNet`, `FCOS`, `ATSS`, ...).
public final class SingleStageDetector: Module, Detector {
  struct Config: ConfigRecord, Sendable {
    var base: DetectorBase
    var head: Component

    init(from reader: inout ConfigReader) throws {
      base = try DetectorBase(from: &reader)
      head = base.head(try reader.component("bbox_head"))
    }
  }

  let backbone: any Backbone
  let neck: (any Neck)?
  let bboxHead: any DenseHead
  public let initialization: [InitConfig]

  init(_ config: Config, _ context: BuildContext) throws {
    backbone = try config.base.makeBackbone(context)
    neck = try config.base.makeNeck(context)
    bboxHead = try config.head.build(context.registries.denseHeads, context)
    initialization = config.base.initialization
    super.init()
    try DetectorBase.check(backbone, neck, bboxHead)
  }

  public var classes: Int? { bboxHead.classes }

  /// What the head sees.
  ///
  /// - Throws: `InvalidConfig` where the images do not fit the network.
  public func features(_ images: Tensor) throws -> [Tensor] {
    try check(images.shape)
    return try DetectorBase.features(images, backbone, neck)
  }

  public func losses(_ batch: DetectionBatch) throws -> LossTerms {
    try bboxHead.losses(features(batch.images), batch)
  }

  public func predict(_ batch: DetectionBatch, rescale: Bool) throws -> [Detections] {
    try withoutGradient {
      try bboxHead.detections(features(batch.images), batch.metas, rescale: rescale, suppress: true)
    }
  }

  public func predict(views: [DetectionBatch]) throws -> Detections {
    try withoutGradient { try bboxHead.detections(views: seen(views, features)) }
  }

  public func runDummy(_ images: Tensor) {
    let features = backbone(images)
    bboxHead.forwardDummy(neck.map { $0(features) } ?? features)
  }
}

/// Features and meta data of each view; a view has one picture.
func seen(_ views: [DetectionBatch], _ features: (Tensor) throws -> [Tensor]) throws -> [(
  features: [Tensor], meta: ImageMeta
)] {
  try views.map { view in
    guard view.metas.count == 1 else {
      throw InvalidConfig("test-time augmentation works on one picture at a time, found \(view.metas.count)")
    }
    return (try features(view.images), view.metas[0])
  }
}
