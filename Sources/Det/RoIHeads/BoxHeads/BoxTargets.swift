import Core

/// What a box head should say of sampled regions, the positive ones of an image before the negative ones.
public struct BoxTargets: Sendable, Equatable {
  /// Classes; the number of classes stands for the background.
  public var labels: [Int64] = []
  public var labelWeights: [Float] = []
  /// As many numbers a region as the head gives, four in most.
  public var boxes: [Float] = []
  public var boxWeights: [Float] = []
  /// Where a head finds the sides of boxes by buckets: which ones, and how much each counts.
  public var buckets: [Float] = []
  public var bucketWeights: [Float] = []

  public init() {}

  public var count: Int { labels.count }

  /// Regions that stand for an object.
  func positives(classes: Int) -> [Int] {
    labels.indices.filter { labels[$0] >= 0 && labels[$0] < Int64(classes) }
  }

  /// Rows of `boxes` or of their weights.
  static func rows(_ values: [Float], _ indices: [Int]) -> Tensor {
    Tensor(indices.flatMap { values[4 * $0..<4 * $0 + 4] }, shape: [indices.count, 4])
  }
}
