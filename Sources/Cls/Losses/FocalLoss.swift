import Core

/// Binary cross entropy in which examples that are nearly right count little.
///
/// Lin et al., 2017, section 3 (<https://arxiv.org/abs/1708.02002>). Mirrors mmcls's `FocalLoss`: with probability `p`
/// and target `t` an element is `BCE · (t ? α : 1 − α) · (t ? 1 − p : p)^γ`; labels become one-hot.
public final class FocalLoss: Module, ClassificationLoss {
  public struct Config: ConfigRecord, Sendable {
    /// γ
    public var gamma: Float = 2
    /// α
    public var alpha: Float = 0.25
    public var reduction = LossReduction.mean
    public var lossWeight: Float = 1

    public init() {}

    public init(from reader: inout ConfigReader) throws {
      gamma = try reader.value("gamma", default: 2)
      guard gamma >= 0 else { throw reader.invalid("must not be negative, found \(gamma)", key: "gamma") }
      alpha = try reader.value("alpha", default: 0.25)
      reduction = try reader.value("reduction", default: .mean)
      lossWeight = try reader.value("loss_weight", default: 1)
    }
  }

  private let config: Config

  public init(_ config: Config = Config()) { self.config = config }

  public func callAsFunction(
    _ scores: Tensor, _ target: ClassificationTarget, weight: Tensor? = nil, averageFactor: Double? = nil
  ) throws -> Tensor {
    let positive = try target.perClass(like: scores)
    let negative = 1 - positive
    let probability = scores.sigmoid()
    let wrong = (1 - probability) * positive + probability * negative
    var factor = positive * config.alpha + negative * (1 - config.alpha)
    // x⁰ is 1 for all x, its slope at 0 included.
    if config.gamma > 0 { factor = factor * wrong.power(config.gamma) }
    let loss = scores.binaryCrossEntropyWithLogits(positive, reduction: .none) * factor
    return try config.reduction(loss, weight: weight?.reshaped([-1, 1]), averageFactor: averageFactor)
      * config.lossWeight
  }
}
