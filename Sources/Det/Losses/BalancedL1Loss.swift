import Core
import Foundation

/// A distance whose gradient grows more for small errors.
///
/// Pang et al., 2019, section 3.3 (<https://arxiv.org/abs/1904.02701>). Mirrors mmdet's `BalancedL1Loss`.
public final class BalancedL1Loss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var alpha, gamma, beta: Float
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      alpha = try reader.value("alpha", default: 0.5)
      gamma = try reader.value("gamma", default: 1.5)
      guard alpha > 0, gamma > 0 else { throw reader.invalid("alpha and gamma must be positive") }
      beta = try reader.positiveBeta()
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
    let (alpha, beta, gamma) = (config.alpha, config.beta, config.gamma)
    let b = Float(exp(Double(gamma / alpha)) - 1)
    return try config.scale.ofElements(prediction, values, weight, averageFactor, reduction) { x, t in
      let d = (x - t).absolute()
      let grown = d * b
      let small = (grown + 1) * (grown / beta + 1).log() * (alpha / b) - d * alpha
      let large = d * gamma + (gamma / b - alpha * beta)
      return Tensor.where(d.detached().compared(.less, beta), small, large)
    }
  }
}
