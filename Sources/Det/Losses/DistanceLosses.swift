import Core

/// The distance `|x - t|` of each number. Mirrors mmdet's `L1Loss`.
public final class L1Loss: Module, DetectionLoss {
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
    return try config.scale.ofElements(prediction, values, weight, averageFactor, reduction) {
      $0.l1Loss($1, reduction: .none)
    }
  }
}

/// Squares below `beta`, distances above. Mirrors mmdet's `SmoothL1Loss`.
public final class SmoothL1Loss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var beta: Float
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      beta = try reader.positiveBeta()
      scale = try LossScale(from: &reader)
    }
  }

  private let config: Config
  /// Some heads change it while they learn.
  public var beta: Float

  public init(_ config: Config) { (self.config, beta) = (config, config.beta) }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    guard case .values(let values) = target else { throw unsuitable(target) }
    return try config.scale.ofElements(prediction, values, weight, averageFactor, reduction) {
      $0.smoothL1Loss($1, beta: beta, reduction: .none)
    }
  }
}

extension ConfigReader {
  mutating func positiveBeta() throws -> Float {
    let beta: Float = try value("beta", default: 1)
    guard beta > 0 else { throw invalid("must be positive, found \(beta)", key: "beta") }
    return beta
  }
}

extension LossScale {
  /// A loss element by element; without targets it is 0, but leads back to the predictions.
  func ofElements(
    _ prediction: Tensor, _ target: Tensor, _ weight: Tensor?, _ averageFactor: Double?,
    _ reduction: LossReduction?,
    _ loss: (Tensor, Tensor) -> Tensor
  ) throws -> Tensor {
    if target.count == 0 {
      return try self(prediction.sum() * 0, weight: nil, averageFactor: averageFactor, reduction: reduction)
    }
    guard prediction.shape == target.shape else {
      throw InvalidConfig("a loss needs targets of shape \(prediction.shape), found \(target.shape)")
    }
    return try self(
      loss(prediction, target), weight: weight, averageFactor: averageFactor, reduction: reduction)
  }
}
