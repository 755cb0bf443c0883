import Core
import PyConfig

/// `train_cfg.rcnn`: which proposals a second stage learns from, and how.
public struct RCNNTrainConfig: ConfigRecord, Sendable {
  public var assigner: Component
  public var sampler: Component
  /// Height and width of the targets of a mask head.
  public var maskSize: Pair?
  /// Weight of positive proposals in the classification loss, where positive.
  public var positiveWeight: Float
  /// Whether mask targets say how much of a pixel is covered.
  public var softMasks: Bool
  /// What `DynamicRoIHead` adapts.
  public var dynamic: DynamicRCNNConfig?
  /// From which probability a predicted mask counts as such when its quality is judged.
  public var maskThreshold: Float?

  public init(from reader: inout ConfigReader) throws {
    assigner = try reader.component("assigner")
    sampler = try reader.component("sampler")
    maskSize = try reader.optional("mask_size")
    if let maskSize, !maskSize.array.allSatisfy({ (1...1024).contains($0) }) {
      throw reader.invalid("must be 1 to 1024, found \(maskSize)", key: "mask_size")
    }
    positiveWeight = try reader.value("pos_weight")
    softMasks = try reader.value("soft_mask_target", default: false)
    dynamic = try reader.optional("dynamic_rcnn")
    maskThreshold = try reader.optional("mask_thr_binary")
    reader.ignore("debug")
  }
}

/// `test_cfg.rcnn`: what becomes of the boxes of a second stage.
public struct RCNNTestConfig: ConfigRecord, Sendable {
  /// Only scores above it count.
  public var scoreThreshold: Float
  public var suppression: Suppression
  /// How many boxes stay; all where not positive.
  public var limit: Int
  /// From which probability a pixel belongs to a mask.
  public var maskThreshold: Float?

  public init(from reader: inout ConfigReader) throws {
    scoreThreshold = try reader.value("score_thr")
    suppression = try reader.value("nms")
    limit = try reader.value("max_per_img")
    maskThreshold = try reader.optional("mask_thr_binary")
  }
}
