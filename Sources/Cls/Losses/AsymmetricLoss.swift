import Core

/// Focal loss with a focus of its own for positives and negatives, and a margin below which negatives do not count.
///
/// Ridnik et al., 2020, section 3 (<https://arxiv.org/abs/2009.14119>). Mirrors mmcls's `AsymmetricLoss`: with
/// probability `p` and target `t`
/// ```
/// q = t ? p : min(1 − p + clip, 1)
/// loss = −log(max(q, ε)) · (1 − q)^(t ? γ₊ : γ₋)
/// ```
public final class AsymmetricLoss: Module, ClassificationLoss {
  public struct Config: ConfigRecord, Sendable {
    /// γ₊
    public var positiveGamma: Float = 0
    /// γ₋
    public var negativeGamma: Float = 4
    /// The margin; none where it is not positive.
    public var clip: Float = 0.05
    public var reduction = LossReduction.mean
    public var lossWeight: Float = 1
    /// Independent probabilities, or else a distribution over the classes.
    public var usesSigmoid = true
    /// ε
    public var epsilon: Float = 1e-8

    public init() {}

    public init(from reader: inout ConfigReader) throws {
      positiveGamma = try reader.value("gamma_pos", default: 0)
      negativeGamma = try reader.value("gamma_neg", default: 4)
      clip = reader.has("clip") ? try reader.optional("clip") ?? 0 : 0.05
      reduction = try reader.value("reduction", default: .mean)
      lossWeight = try reader.value("loss_weight", default: 1)
      usesSigmoid = try reader.value("use_sigmoid", default: true)
      epsilon = try reader.value("eps", default: 1e-8)
      for (key, gamma) in [("gamma_pos", positiveGamma), ("gamma_neg", negativeGamma)] where !(gamma >= 0) {
        throw reader.invalid("must not be negative, found \(gamma)", key: key)
      }
      guard epsilon > 0 else { throw reader.invalid("must be positive, found \(epsilon)", key: "eps") }
    }
  }

  private let config: Config

  public init(_ config: Config = Config()) { self.config = config }

  public func callAsFunction(
    _ scores: Tensor, _ target: ClassificationTarget, weight: Tensor? = nil, averageFactor: Double? = nil
  ) throws -> Tensor {
    let positive = try target.perClass(like: scores)
    let negative = 1 - positive
    let probability = config.usesSigmoid ? scores.sigmoid() : scores.softmax(-1)
    let other = config.clip > 0 ? (1 - probability + config.clip).clamped(max: 1) : 1 - probability
    let right = other * negative + probability * positive
    let focus = (1 - right).power(positive * config.positiveGamma + negative * config.negativeGamma)
    let loss = -right.clamped(min: config.epsilon).log() * focus
    return try config.reduction(loss, weight: weight?.reshaped([-1, 1]), averageFactor: averageFactor)
      * config.lossWeight
  }
}
