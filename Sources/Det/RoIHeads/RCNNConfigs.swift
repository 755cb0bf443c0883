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
  /// At which points `PointRendRoIHead` learns.
  public var points: PointTrainConfig?
  /// How `GridRoIHead` marks points, and on how many boxes it learns.
  public var grid: (radius: Int, count: Int)?
  /// How `PISARoIHead` weighs samples, and its regression loss.
  public var reweighting, regression: PrimeSampleConfig?

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
    points = reader.has("num_points") ? try PointTrainConfig(from: &reader) : nil
    if reader.has("pos_radius") {
      grid = (
        try reader.integer("pos_radius", in: 0...64),
        try reader.integer("max_num_grid", default: 192, in: 1...1_000_000)
      )
    }
    reweighting = try PrimeSampleConfig(from: &reader, "isr", power: 2, bias: 0)
    regression = try PrimeSampleConfig(from: &reader, "carl", power: 1, bias: 0.2)
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
  /// How `PointRendRoIHead` refines masks.
  public var points: PointTestConfig?

  public init(from reader: inout ConfigReader) throws {
    scoreThreshold = try reader.value("score_thr")
    suppression = try reader.value("nms")
    limit = try reader.value("max_per_img")
    maskThreshold = try reader.optional("mask_thr_binary")
    points = reader.has("subdivision_steps") ? try PointTestConfig(from: &reader) : nil
  }
}

/// The points of a mask that PointRend learns from.
public struct PointTrainConfig: Sendable {
  public var count: Int
  /// How many points are looked at for each that is taken.
  public var oversampling: Double
  /// Which share of the points are uncertain ones.
  public var uncertainShare: Double

  init(from reader: inout ConfigReader) throws {
    count = try reader.integer("num_points", in: 1...1_000_000)
    oversampling = try reader.value("oversample_ratio")
    uncertainShare = try reader.value("importance_sample_ratio")
    guard (1...1000).contains(oversampling) else {
      throw reader.invalid("must be 1 to 1000, found \(oversampling)", key: "oversample_ratio")
    }
    guard (0...1).contains(uncertainShare) else {
      throw reader.invalid("must be 0 to 1, found \(uncertainShare)", key: "importance_sample_ratio")
    }
  }
}

/// How often PointRend enlarges a mask, by how much, and at how many points it then looks again.
public struct PointTestConfig: Sendable {
  public var steps, count, factor: Int

  init(from reader: inout ConfigReader) throws {
    steps = try reader.integer("subdivision_steps", in: 0...10)
    count = try reader.integer("subdivision_num_points", in: 1...1_000_000)
    factor = try reader.integer("scale_factor", in: 1...8)
  }
}

/// `isr` or `carl`: how the importance of a sample becomes a weight.
public struct PrimeSampleConfig: Sendable {
  public var power, bias: Float

  init?(from reader: inout ConfigReader, _ key: String, power: Float, bias: Float) throws {
    guard let node = reader.node(key), !node.isNone else { return nil }
    var inner = try ConfigReader(node, path: reader.path(key))
    self.power = try inner.value("k", default: power)
    self.bias = try inner.value("bias", default: bias)
    try inner.finish()
  }
}
