import Core
import PyConfig

/// A head's `test_cfg`: what becomes of its boxes.
public struct DenseTestConfig: ConfigRecord, Sendable {
  /// So many boxes of the highest scores on each level go on. With the original's default of -1 all but the last do in
  /// most heads, since it is used as the end of a slice.
  public var candidates: Int
  /// Boxes whose sides are not longer go, in proposals.
  public var leastSide: Float
  /// Only scores above it count.
  public var scoreThreshold: Float
  /// Only objectness from it on counts, in YOLOv3.
  public var confidenceThreshold: Float
  /// `nil` leaves the boxes as they are, best first.
  public var suppression: Suppression?
  public var limit: Int

  public init(from reader: inout ConfigReader) throws {
    candidates = try reader.value("nms_pre", default: -1)
    leastSide = try reader.value("min_bbox_size", default: 0)
    scoreThreshold = try reader.value("score_thr", default: 0)
    confidenceThreshold = try reader.value("conf_thr", default: -1)
    suppression = try reader.optional("nms")
    let older = try reader.value("max_num", default: Int.max)
    limit = try reader.value("max_per_img", default: older)
    // The original's exporter alone looks at the first; the others are of versions before the last.
    reader.ignore("deploy_nms_pre", "nms_post", "nms_across_levels", "nms_thr")
    guard limit >= 0 else { throw reader.invalid("must not be negative, found \(limit)", key: "max_per_img") }
  }
}

/// A head's `train_cfg`: which boxes it learns from.
public struct DenseTrainConfig: ConfigRecord, Sendable {
  public var assigner: Component?
  public var sampler: Component?
  /// Anchors may reach so many pixels beyond the picture; any where negative.
  public var allowedBorder: Float
  /// Weight of positive anchors in the classification loss, where positive.
  public var positiveWeight: Float
  /// Where SSD's regression loss changes from squares to lines.
  public var smoothL1Beta: Float
  /// Negatives for each positive that SSD learns from.
  public var negativeRatio: Int

  public init(from reader: inout ConfigReader) throws {
    assigner = reader.optionalComponent("assigner")
    sampler = reader.optionalComponent("sampler")
    allowedBorder = try reader.value("allowed_border", default: -1)
    positiveWeight = try reader.value("pos_weight", default: -1)
    smoothL1Beta = try reader.value("smoothl1_beta", default: 1)
    negativeRatio = try reader.value("neg_pos_ratio", default: 3)
    reader.ignore("debug")
  }
}
