import Core

/// Focal loss of sigmoids against how good a box is, for its class, and 0 for the others. Summed over classes: `[N]`.
///
/// Li et al., 2020 (<https://arxiv.org/abs/2006.04388>). Mirrors mmdet's `QualityFocalLoss`; weights are one a row.
public final class QualityFocalLoss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var beta: Float
    var isActivated: Bool
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      try reader.requireSigmoid()
      beta = try reader.value("beta", default: 2)
      isActivated = try reader.value("activated", default: false)
      scale = try LossScale(from: &reader)
    }
  }

  private let config: Config

  public init(_ config: Config) { self.config = config }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    guard case .quality(let labels, let scores) = target else { throw unsuitable(target) }
    let wanted = labels.positives(classes: prediction.shape[1]) * scores.detached().unsqueezed(1)
    let probability = config.isActivated ? prediction : prediction.sigmoid()
    let entropy =
      config.isActivated
      ? prediction.binaryCrossEntropy(wanted, reduction: .none)
      : prediction.binaryCrossEntropyWithLogits(wanted, reduction: .none)
    let loss = (entropy * (wanted - probability).absolute().power(config.beta)).sum([1])
    return try config.scale(loss, weight: weight, averageFactor: averageFactor, reduction: reduction)
  }
}
