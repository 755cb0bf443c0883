import Core

/// A second stage that moves boxes by features of larger regions.
///
/// Wu et al., 2019 (<https://arxiv.org/abs/1904.06493>). Mirrors mmdet's `DoubleHeadRoIHead`.
public final class DoubleHeadRoIHead: StandardRoIHead {
  public struct Config: ConfigRecord, Sendable {
    public var base: StandardRoIHead.Config
    /// How much larger the regions are by which boxes are moved.
    public var scale: Float

    public init(from reader: inout ConfigReader) throws {
      scale = try reader.value("reg_roi_scale_factor")
      base = try StandardRoIHead.Config(from: &reader)
    }
  }

  private let scale: Float

  public init(_ config: Config, _ context: BuildContext) throws {
    scale = config.scale
    try super.init(config.base, context)
    guard bboxHead is DoubleConvFCBBoxHead else {
      throw InvalidConfig(
        "bbox_head must be a DoubleConvFCBBoxHead, found \(config.base.boxHead.typeName ?? "another")")
    }
  }

  override func boxForward(_ features: [Tensor], _ rois: RoIs) -> (outputs: BoxOutputs, features: Tensor) {
    guard let head = bboxHead as? DoubleConvFCBBoxHead else { return super.boxForward(features, rois) }
    var x = bboxRoiExtractor(features, rois), moving = bboxRoiExtractor(features, rois, scale: scale)
    if let sharedHead { (x, moving) = (sharedHead(x), sharedHead(moving)) }
    return (head(x, moving: moving), x)
  }
}
