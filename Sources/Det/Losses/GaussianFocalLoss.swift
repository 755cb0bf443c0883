import Core

/// Focal loss of probabilities against maps with bumps around what is sought.
///
/// Law and Deng, 2018, section 3.2 (<https://arxiv.org/abs/1808.01244>). Mirrors mmdet's `GaussianFocalLoss`.
public final class GaussianFocalLoss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var alpha, gamma: Float
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      alpha = try reader.value("alpha", default: 2)
      gamma = try reader.value("gamma", default: 4)
      scale = try LossScale(from: &reader)
    }
  }

  private let config: Config

  public init(_ config: Config) { self.config = config }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    guard case .values(let values) = target else { throw unsuitable(target) }
    let peaks = values.compared(.equal, 1).converted(to: .float32)
    let rest = (1 - values).power(config.gamma)
    let missed = -(prediction + 1e-12).log() * (1 - prediction).power(config.alpha) * peaks
    let invented = -((1 - prediction) + 1e-12).log() * prediction.power(config.alpha) * rest
    return try config.scale(
      missed + invented, weight: weight, averageFactor: averageFactor, reduction: reduction)
  }
}
