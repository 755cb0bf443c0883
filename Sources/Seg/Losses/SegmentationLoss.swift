import Core

/// A loss between class scores and the classes of pixels.
public protocol SegmentationLoss {
  /// The name under which the loss is logged; only names that contain `loss` are minimised.
  var name: String { get }
  /// - Parameters:
  ///   - scores: `[N, C, ...]`, before softmax or sigmoid.
  ///   - labels: `[N, ...]`, class indices.
  ///   - weight: `[N, ...]`, of each pixel, where a sampler chose some.
  ///   - ignored: the label of pixels that do not count, if any.
  ///   - reduction: instead of the config's.
  /// - Returns: one number; with reduction `none` what the formula gives before the reduction.
  /// - Throws: `InvalidConfig` where labels and scores do not go together.
  func callAsFunction(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor?, ignored: Int?, reduction: LossReduction?
  ) throws -> Tensor
}

extension SegmentationLoss {
  public func callAsFunction(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor? = nil, ignored: Int? = nil
  ) throws -> Tensor {
    try self(scores, labels, weight: weight, ignored: ignored, reduction: nil)
  }
}

extension LossReduction {
  /// The weighted elements, reduced; a mean divides by `averageFactor`, where there is one.
  func callAsFunction(_ loss: Tensor, weight: Tensor? = nil, averageFactor: Float? = nil) throws -> Tensor {
    let weighted = weight.map { loss * $0 } ?? loss
    guard let averageFactor else { return weighted.reduced(self) }
    switch self {
    case .none: return weighted
    case .mean: return weighted.sum() / (averageFactor + Float.ulpOfOne)
    case .sum: throw InvalidConfig("an average factor does not go with reduction 'sum'")
    }
  }
}

extension Registries {
  /// Losses of decode heads.
  public var segmentationLosses: Registry<any SegmentationLoss> {
    get { self[(any SegmentationLoss).self, role: "loss"] }
    set { self[(any SegmentationLoss).self, role: "loss"] = newValue }
  }
}
