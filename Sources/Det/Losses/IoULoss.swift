import Core

/// `-log IoU`, `1 - IoU` (`linear`) or `1 - IoU²` (`square`) of boxes `[N, 4]`.
///
/// Yu et al., 2016 (<https://arxiv.org/abs/1608.01471>). Mirrors mmdet's `IoULoss`. Weights are one a box, or one an
/// element, of which the mean counts.
public final class IoULoss: Module, DetectionLoss {
  public enum Mode: String, Sendable, CaseIterable, ConfigDecodable {
    case linear, square, log
  }

  public struct Config: ConfigRecord, Sendable {
    var mode: Mode
    var epsilon: Float
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      mode = try reader.value("mode", default: .log)
      // The older spelling of a mode has the last word.
      if try reader.value("linear", default: false) { mode = .linear }
      epsilon = try reader.value("eps", default: 1e-6)
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
    if reduction ?? config.scale.reduction != .none, let zero = prediction.lossWithoutWeight(weight) {
      return zero
    }
    // A log of 0 is avoided with eps; denominators have their own bound.
    let overlaps = prediction.alignedOverlaps(values).clamped(min: config.epsilon)
    let loss =
      switch config.mode {
      case .linear: 1 - overlaps
      case .square: 1 - overlaps.squared()
      case .log: -overlaps.log()
      }
    return try config.scale(loss, weight: weight?.perBox, averageFactor: averageFactor, reduction: reduction)
  }
}

extension Tensor {
  /// Where no weight is positive: a sum that is 0 and leads back to these predictions.
  func lossWithoutWeight(_ weight: Tensor?) -> Tensor? {
    guard let weight, !weight.compared(.greater, 0).anyHolds else { return nil }
    return (self * (rank == weight.rank + 1 ? weight.unsqueezed(1) : weight)).sum()
  }

  /// Whether a `bool` tensor holds anywhere.
  var anyHolds: Bool { count > 0 && elements(as: Bool.self).contains(true) }

  /// Weights of boxes: the mean over the four of each, where there are four.
  var perBox: Tensor { rank > 1 ? mean([-1]) : self }

  /// The columns of boxes `[N, 4]`.
  var corners: (x1: Tensor, y1: Tensor, x2: Tensor, y2: Tensor) {
    (selected(1, 0), selected(1, 1), selected(1, 2), selected(1, 3))
  }

  /// How much each of these boxes `[N, 4]` overlaps the box at the same place; gradients flow to both.
  func alignedOverlaps(_ other: Tensor, _ overlap: BoxKernels.Overlap = .iou, epsilon: Float = 1e-6) -> Tensor
  {
    let (a, b) = (corners, other.corners)
    let (areaA, areaB) = ((a.x2 - a.x1) * (a.y2 - a.y1), (b.x2 - b.x1) * (b.y2 - b.y1))
    let width = (a.x2.minimum(b.x2) - a.x1.maximum(b.x1)).clamped(min: 0)
    let height = (a.y2.minimum(b.y2) - a.y1.maximum(b.y1)).clamped(min: 0)
    let shared = width * height
    let bound = Tensor(epsilon)
    let union = (overlap == .iof ? areaA : areaA + areaB - shared).maximum(bound)
    let iou = shared / union
    guard overlap == .giou else { return iou }
    let fullWidth = (a.x2.maximum(b.x2) - a.x1.minimum(b.x1)).clamped(min: 0)
    let fullHeight = (a.y2.maximum(b.y2) - a.y1.minimum(b.y1)).clamped(min: 0)
    let enclosing = (fullWidth * fullHeight).maximum(bound)
    return iou - (enclosing - union) / enclosing
  }
}
