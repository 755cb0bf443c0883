import Core

/// A smooth bound of one minus the overlap for each of centre and sides of boxes `[N, 4]`.
///
/// Tychsen-Smith and Petersson, 2017 (<https://arxiv.org/abs/1711.00164>). Mirrors mmdet's `BoundedIoULoss`; weights are
/// one an element.
public final class BoundedIoULoss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var beta, epsilon: Float
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      beta = try reader.value("beta", default: 0.2)
      guard beta > 0 else { throw reader.invalid("must be positive, found \(beta)", key: "beta") }
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
    if let zero = prediction.lossWithoutWeight(weight) { return zero }
    let (p, t) = (prediction.corners, values.detached().corners)
    let (width, height) = (t.x2 - t.x1, t.y2 - t.y1)
    let dx = (((t.x1 + t.x2) * 0.5 - (p.x1 + p.x2) * 0.5).absolute()) * 2
    let dy = (((t.y1 + t.y2) * 0.5 - (p.y1 + p.y2) * 0.5).absolute()) * 2
    let parts = [
      center(width, dx), center(height, dy), side(width, p.x2 - p.x1), side(height, p.y2 - p.y1),
    ]
    let bound = Tensor.stack(parts, axis: 1)
    let loss = bound.smoothL1Loss(Tensor.zeros(bound.shape), beta: config.beta, reduction: .none)
    return try config.scale(loss, weight: weight, averageFactor: averageFactor, reduction: reduction)
  }

  /// `distance` is twice that of the centres.
  private func center(_ side: Tensor, _ distance: Tensor) -> Tensor {
    1 - ((side - distance) / (side + distance + config.epsilon)).maximum(Tensor.zeros(side.shape))
  }

  private func side(_ wanted: Tensor, _ found: Tensor) -> Tensor {
    1 - (wanted / (found + config.epsilon)).minimum(found / (wanted + config.epsilon))
  }
}
