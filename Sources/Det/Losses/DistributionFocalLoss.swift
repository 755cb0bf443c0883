import Core

/// Cross entropy of a distribution over whole numbers against the two numbers around a distance, `[N]`.
///
/// Li et al., 2020 (<https://arxiv.org/abs/2006.04388>). Mirrors mmdet's `DistributionFocalLoss`.
public final class DistributionFocalLoss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var scale: LossScale
    public init(from reader: inout ConfigReader) throws { scale = try LossScale(from: &reader) }
  }

  private let config: Config

  public init(_ config: Config) { self.config = config }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    guard case .values(let values) = target else { throw unsuitable(target) }
    let distances = values.floats
    let last = Float(prediction.shape[1] - 2)
    // A distance that reaches the last number has all its weight there.
    let left = distances.map { min(max($0.isFinite ? $0.rounded(.down) : 0, 0), last) }
    let (toLeft, toRight) = (
      Tensor(zip(distances, left).map { $1 + 1 - $0 }), Tensor(zip(distances, left).map { $0 - $1 })
    )
    let lower = prediction.crossEntropy(Tensor(left.map { Int64($0) }), reduction: .none)
    let upper = prediction.crossEntropy(Tensor(left.map { Int64($0) + 1 }), reduction: .none)
    return try config.scale(
      lower * toLeft + upper * toRight, weight: weight, averageFactor: averageFactor, reduction: reduction)
  }
}
