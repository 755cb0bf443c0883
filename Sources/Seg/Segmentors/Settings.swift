import Core

/// The `train_cfg` of a segmentor. Only `PointHead` reads its keys.
public struct TrainSettings: ConfigRecord, Sendable {
  /// Points of each picture that a point head learns from.
  public var points: Int?
  /// How many times more points are drawn at first.
  public var oversampling: Float?
  /// The share of points that are the least certain ones of those drawn.
  public var importance: Float?

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    points = try reader.optional("num_points")
    oversampling = try reader.optional("oversample_ratio")
    importance = try reader.optional("importance_sample_ratio")
    // Where published configs say that there is no sampler; heads have theirs.
    try reader.requireNone("sampler")
    if let points, !(1...1 << 24).contains(points) {
      throw reader.invalid("must be positive, found \(points)", key: "num_points")
    }
    if let oversampling, !(oversampling >= 1 && oversampling <= 1000) {
      throw reader.invalid("must be in 1...1000, found \(oversampling)", key: "oversample_ratio")
    }
    if let importance, !(0...1).contains(importance) {
      throw reader.invalid("must be in 0...1, found \(importance)", key: "importance_sample_ratio")
    }
  }
}

/// The `test_cfg` of a segmentor: how pictures are looked at.
public struct TestSettings: ConfigRecord, Sendable {
  public enum Mode: Sendable, Equatable {
    /// At once.
    case whole
    /// In overlapping windows of `size`, `stride` apart; scores are averaged where they overlap.
    case slide(size: Pair, stride: Pair)
  }

  public var mode = Mode.whole
  /// Of point heads: how often scores are enlarged by `scale` and their `subdivisionPoints` least certain ones
  /// redone.
  public var subdivisionSteps: Int?
  public var subdivisionPoints: Int?
  public var scale: Double?

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    let name: String = try reader.value("mode", default: "whole")
    let size: Pair? = try reader.optional("crop_size")
    let stride: Pair? = try reader.optional("stride")
    switch name {
    case "whole": mode = .whole
    case "slide":
      guard let size, let stride, (size.array + stride.array).allSatisfy({ (1...1 << 20).contains($0) })
      else {
        throw reader.invalid("mode 'slide' needs a positive crop_size and stride")
      }
      mode = .slide(size: size, stride: stride)
    default: throw reader.invalid("must be one of slide, whole, found '\(name)'", key: "mode")
    }
    subdivisionSteps = try reader.optional("subdivision_steps")
    subdivisionPoints = try reader.optional("subdivision_num_points")
    scale = try reader.optional("scale_factor")
    for (key, number) in [
      ("subdivision_steps", subdivisionSteps), ("subdivision_num_points", subdivisionPoints),
    ] {
      if let number, !(0...1 << 24).contains(number) {
        throw reader.invalid("must not be negative, found \(number)", key: key)
      }
    }
    if let scale, !(scale > 0 && scale <= 64) {
      throw reader.invalid("must be in 0...64, found \(scale)", key: "scale_factor")
    }
  }
}
