import Core

/// Cross entropy of sigmoids against how good a box is, with easy background counting little.
///
/// Zhang et al., 2020 (<https://arxiv.org/abs/2008.13367>). Mirrors mmdet's `VarifocalLoss`; targets are one an element.
public final class VarifocalLoss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var alpha, gamma: Float
    var weighsByQuality: Bool
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      try reader.requireSigmoid()
      alpha = try reader.value("alpha", default: 0.75)
      guard alpha >= 0 else { throw reader.invalid("must not be negative, found \(alpha)", key: "alpha") }
      gamma = try reader.value("gamma", default: 2)
      weighsByQuality = try reader.value("iou_weighted", default: true)
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
    let foreground = values.compared(.greater, 0).converted(to: .float32)
    let easy = (prediction.sigmoid() - values).absolute().power(config.gamma) * config.alpha
    let factor = (config.weighsByQuality ? values * foreground : foreground) + easy * (1 - foreground)
    let loss = prediction.binaryCrossEntropyWithLogits(values, reduction: .none) * factor
    return try config.scale(loss, weight: weight, averageFactor: averageFactor, reduction: reduction)
  }
}
