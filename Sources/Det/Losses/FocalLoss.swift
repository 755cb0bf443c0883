import Core

/// Cross entropy of sigmoids in which what is easy counts little.
///
/// Lin et al., 2017 (<https://arxiv.org/abs/1708.02002>). Mirrors mmdet's `FocalLoss`. Weights are one a row or one an
/// element. With `activated` the predictions are probabilities already.
public final class FocalLoss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var gamma, alpha: Float
    var scale: LossScale
    var isActivated: Bool

    public init(from reader: inout ConfigReader) throws {
      try reader.requireSigmoid()
      gamma = try reader.value("gamma", default: 2)
      alpha = try reader.value("alpha", default: 0.25)
      guard gamma >= 0 else { throw reader.invalid("must not be negative, found \(gamma)", key: "gamma") }
      scale = try LossScale(from: &reader)
      isActivated = try reader.value("activated", default: false)
    }
  }

  private let config: Config

  public init(_ config: Config) { self.config = config }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    guard case .labels(let labels) = target else { throw unsuitable(target) }
    let reducing = reduction ?? config.scale.reduction
    let perRow = weight.map { $0.count == prediction.shape[0] } ?? true
    if !config.isActivated && perRow && reducing != .none {
      let loss = prediction.sigmoidFocalLoss(
        labels, gamma: config.gamma, alpha: config.alpha, weight: weight?.reshaped([-1]))
      // A mean without a factor is one over elements, not rows.
      let factor =
        averageFactor ?? (reducing == .mean ? Double(prediction.count) - Double(Float.ulpOfOne) : nil)
      return try config.scale(loss, weight: nil, averageFactor: factor, reduction: reducing)
    }
    let shaped = weight.map { $0.shape == prediction.shape ? $0 : $0.reshaped([prediction.shape[0], -1]) }
    return try config.scale(
      elements(prediction, labels), weight: shaped, averageFactor: averageFactor, reduction: reduction)
  }

  /// The loss of each element.
  private func elements(_ prediction: Tensor, _ labels: Tensor) -> Tensor {
    let positive = labels.positives(classes: prediction.shape[1])
    let negative = 1 - positive
    let probability = config.isActivated ? prediction : prediction.sigmoid()
    let wrong = (1 - probability) * positive + probability * negative
    var factor = positive * config.alpha + negative * (1 - config.alpha)
    if config.gamma > 0 { factor = factor * wrong.power(config.gamma) }
    let entropy =
      config.isActivated
      ? prediction.binaryCrossEntropy(positive, reduction: .none)
      : prediction.binaryCrossEntropyWithLogits(positive, reduction: .none)
    return entropy * factor
  }
}

extension ConfigReader {
  /// Reads `use_sigmoid`, which must hold.
  mutating func requireSigmoid() throws {
    guard try value("use_sigmoid", default: true) else {
      throw invalid("must be True: the loss is one of sigmoids", key: "use_sigmoid")
    }
  }
}

extension Tensor {
  /// 1 at each label's class and 0 elsewhere, `[N, classes]`; what is no class has no 1.
  func positives(classes: Int) -> Tensor {
    let labels = elements(as: Int64.self)
    var values = [Float](repeating: 0, count: labels.count * classes)
    for (row, label) in labels.enumerated() where label >= 0 && label < classes {
      values[row * classes + Int(label)] = 1
    }
    return Tensor(values, shape: [labels.count, classes])
  }
}
