import Core

/// What predictions are held against.
public enum LossTarget {
  /// Class indices `[N]`; the number of classes stands for the background.
  case labels(Tensor)
  /// Numbers of the predictions' shape.
  case values(Tensor)
  /// Class indices `[N]` and how good each box is, `[N]`.
  case quality(labels: Tensor, scores: Tensor)
  /// Masks `[N, H, W]` and the class of each, which chooses among predictions `[N, C, H, W]`.
  case masks(Tensor, labels: [Int])
}

/// A loss of detectors. Mirrors the entries of mmdet's `LOSSES`, all called in one way.
public protocol DetectionLoss: Module {
  /// - Parameters:
  ///   - weight: one for each row or each element, as the loss says.
  ///   - averageFactor: what the sum is divided by, instead of the number of elements.
  ///   - reduction: instead of the config's.
  /// - Throws: `InvalidConfig` where the loss cannot be held against such a target.
  func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor
}

extension DetectionLoss {
  public func callAsFunction(
    _ prediction: Tensor, labels: Tensor, weight: Tensor? = nil, averageFactor: Double? = nil,
    reduction: LossReduction? = nil
  ) throws -> Tensor {
    try self(prediction, .labels(labels), weight: weight, averageFactor: averageFactor, reduction: reduction)
  }

  public func callAsFunction(
    _ prediction: Tensor, values: Tensor, weight: Tensor? = nil, averageFactor: Double? = nil,
    reduction: LossReduction? = nil
  ) throws -> Tensor {
    try self(prediction, .values(values), weight: weight, averageFactor: averageFactor, reduction: reduction)
  }

  func unsuitable(_ target: LossTarget) -> InvalidConfig {
    let found =
      switch target {
      case .labels: "class labels"
      case .values: "numbers"
      case .quality: "labels with qualities"
      case .masks: "masks"
      }
    return InvalidConfig("\(type(of: self)) cannot be held against \(found)")
  }
}

extension Registries {
  /// Losses of detectors.
  public var detectionLosses: Registry<any DetectionLoss> {
    get { self[(any DetectionLoss).self, role: "loss"] }
    set { self[(any DetectionLoss).self, role: "loss"] = newValue }
  }
}

/// What the losses have in common: `reduction` and `loss_weight`.
struct LossScale: Sendable {
  var reduction = LossReduction.mean
  var weight: Float = 1

  init(_ weight: Float = 1) { self.weight = weight }

  init(from reader: inout ConfigReader) throws {
    reduction = try reader.value("reduction", default: .mean)
    weight = try reader.value("loss_weight", default: 1)
  }

  /// The losses of elements, weighted and reduced. Mirrors `weight_reduce_loss` and the factor after it.
  func callAsFunction(
    _ loss: Tensor, weight: Tensor?, averageFactor: Double?, reduction override: LossReduction?
  ) throws
    -> Tensor
  {
    let reduction = override ?? reduction
    let weighted = weight.map { loss * $0 } ?? loss
    guard let averageFactor else { return weighted.reduced(reduction) * self.weight }
    switch reduction {
    case .mean: return weighted.sum() * self.weight / Float(averageFactor + Double(Float.ulpOfOne))
    case .none: return weighted * self.weight
    case .sum: throw InvalidConfig("a loss with reduction='sum' cannot be divided by a number of samples")
    }
  }
}

func registerLosses(_ losses: inout Registry<any DetectionLoss>) {
  losses.register("CrossEntropyLoss", scope: scope, CrossEntropyLoss.Config.self) { CrossEntropyLoss($0) }
  losses.register("FocalLoss", scope: scope, FocalLoss.Config.self) { FocalLoss($0) }
  losses.register("L1Loss", scope: scope, L1Loss.Config.self) { L1Loss($0) }
  losses.register("SmoothL1Loss", scope: scope, SmoothL1Loss.Config.self) { SmoothL1Loss($0) }
  for kind in [OverlapLoss.Kind.giou, .diou, .ciou] {
    losses.register(kind.rawValue, scope: scope, OverlapLossConfig.self) { OverlapLoss(kind, $0) }
  }
  losses.register("IoULoss", scope: scope, IoULoss.Config.self) { IoULoss($0) }
  losses.register("BoundedIoULoss", scope: scope, BoundedIoULoss.Config.self) { BoundedIoULoss($0) }
  losses.register("BalancedL1Loss", scope: scope, BalancedL1Loss.Config.self) { BalancedL1Loss($0) }
  losses.register("MSELoss", scope: scope, MSELoss.Config.self) { MSELoss($0) }
  losses.register("DiceLoss", scope: scope, DiceLoss.Config.self) { DiceLoss($0) }
  losses.register("GaussianFocalLoss", scope: scope, GaussianFocalLoss.Config.self) { GaussianFocalLoss($0) }
  losses.register("QualityFocalLoss", scope: scope, QualityFocalLoss.Config.self) { QualityFocalLoss($0) }
  losses.register("DistributionFocalLoss", scope: scope, DistributionFocalLoss.Config.self) {
    DistributionFocalLoss($0)
  }
  losses.register("VarifocalLoss", scope: scope, VarifocalLoss.Config.self) { VarifocalLoss($0) }
  losses.register("GHMC", scope: scope, GHMC.Config.self) { GHMC($0) }
  losses.register("GHMR", scope: scope, GHMR.Config.self) { GHMR($0) }
  losses.register("SeesawLoss", scope: scope, SeesawLoss.Config.self) { SeesawLoss($0) }
}
