import Core

/// The square of each difference. Mirrors mmdet's `MSELoss`.
public final class MSELoss: Module, DetectionLoss {
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
    return try config.scale(
      prediction.meanSquaredError(values, reduction: .none), weight: weight, averageFactor: averageFactor,
      reduction: reduction)
  }
}
