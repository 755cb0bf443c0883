import Core
import Foundation

/// `eps`, `reduction` and `loss_weight`.
struct OverlapLossConfig: ConfigRecord, Sendable {
  var epsilon: Float
  var scale: LossScale

  init(from reader: inout ConfigReader) throws {
    epsilon = try reader.value("eps", default: 1e-6)
    scale = try LossScale(from: &reader)
  }
}

/// One minus an overlap measure of boxes `[N, 4]` that also pulls boxes together which do not touch.
///
/// Mirrors mmdet's `GIoULoss` (Rezatofighi et al., 2019, <https://arxiv.org/abs/1902.09630>), `DIoULoss` and `CIoULoss`
/// (Zheng et al., 2019, <https://arxiv.org/abs/1911.08287>). Weights are one a box, or one an element, of which the mean
/// counts.
public final class OverlapLoss: Module, DetectionLoss {
  public enum Kind: String, Sendable {
    case giou = "GIoULoss"
    case diou = "DIoULoss"
    case ciou = "CIoULoss"
  }

  private let kind: Kind
  private let config: OverlapLossConfig

  init(_ kind: Kind, _ config: OverlapLossConfig) { (self.kind, self.config) = (kind, config) }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    guard case .values(let values) = target else { throw unsuitable(target) }
    if let zero = prediction.lossWithoutWeight(weight) { return zero }
    let loss =
      kind == .giou
      ? 1 - prediction.alignedOverlaps(values, .giou, epsilon: config.epsilon) : distance(prediction, values)
    return try config.scale(loss, weight: weight?.perBox, averageFactor: averageFactor, reduction: reduction)
  }

  /// With the distance of centres relative to the diagonal of the box around both, and the difference of shapes.
  private func distance(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    let (a, b) = (prediction.corners, target.corners)
    let width = (a.x2.minimum(b.x2) - a.x1.maximum(b.x1)).clamped(min: 0)
    let height = (a.y2.minimum(b.y2) - a.y1.maximum(b.y1)).clamped(min: 0)
    let shared = width * height
    let areas = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1)
    let iou = shared / (areas - shared + config.epsilon)
    let fullWidth = (a.x2.maximum(b.x2) - a.x1.minimum(b.x1)).clamped(min: 0)
    let fullHeight = (a.y2.maximum(b.y2) - a.y1.minimum(b.y1)).clamped(min: 0)
    let diagonal = fullWidth.squared() + fullHeight.squared() + config.epsilon
    let x = ((b.x1 + b.x2) - (a.x1 + a.x2)).squared() / 4
    let y = ((b.y1 + b.y2) - (a.y1 + a.y2)).squared() / 4
    let separation = (x + y) / diagonal
    if kind == .diou { return 1 - (iou - separation) }
    let own = (a.x2 - a.x1).arctangent(over: a.y2 - a.y1 + config.epsilon)
    let wanted = (b.x2 - b.x1).arctangent(over: b.y2 - b.y1 + config.epsilon)
    let shape = (wanted - own).squared() * Float(4 / (Double.pi * Double.pi))
    let balance = withoutGradient {
      let (iou, shape) = (iou.detached(), shape.detached())
      return iou.compared(.greater, 0.5).converted(to: .float32) * shape / (1 - iou + shape)
    }
    return 1 - (iou - (separation + balance * shape)).clamped(min: -1, max: 1)
  }
}
