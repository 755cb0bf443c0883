import Core

/// One minus twice the shared part over the sum of both, for masks `[N, ...]`.
///
/// Milletari et al., 2016 (<https://arxiv.org/abs/1606.04797>). Mirrors mmdet's `DiceLoss`; weights are one a mask.
public final class DiceLoss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var activates, isNaive: Bool
    var epsilon: Float
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      activates = try reader.value("activate", default: true)
      let usesSigmoid = try reader.value("use_sigmoid", default: true)
      guard usesSigmoid || !activates else {
        throw reader.invalid(
          "must be True where activate is: the loss is one of sigmoids", key: "use_sigmoid")
      }
      isNaive = try reader.value("naive_dice", default: false)
      epsilon = try reader.value("eps", default: 1e-3)
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
    let p = (config.activates ? prediction.sigmoid() : prediction).flattened(from: 1)
    let t = values.flattened(from: 1)
    let shared = (p * t).sum([1])
    let ratio: Tensor
    if config.isNaive {
      ratio = (shared * 2 + config.epsilon) / (p.sum([1]) + t.sum([1]) + config.epsilon)
    } else {
      ratio = shared * 2 / ((p.squared().sum([1]) + config.epsilon) + (t.squared().sum([1]) + config.epsilon))
    }
    return try config.scale(1 - ratio, weight: weight, averageFactor: averageFactor, reduction: reduction)
  }
}
