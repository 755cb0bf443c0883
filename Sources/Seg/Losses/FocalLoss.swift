import Core

/// Binary cross entropy of each class that fades out for pixels that are right already.
///
/// Lin et al., 2017 (<https://arxiv.org/abs/1708.02002>). Mirrors mmseg's `FocalLoss`, its formula for the CPU.
struct FocalLoss: SegmentationLoss, ConfigRecord {
  private let gamma: Float
  /// How much positives count, one number or one a class; negatives count `1 - alpha`.
  private let alpha: OneOrMany<Float>
  private let reduction: LossReduction
  private let classWeight: [Float]?
  private let lossWeight: Float
  let name: String

  init(from reader: inout ConfigReader) throws {
    guard try reader.value("use_sigmoid", default: true) else {
      throw reader.invalid("must be True: there is no focal loss of softmax", key: "use_sigmoid")
    }
    gamma = try reader.value("gamma", default: 2)
    alpha = try reader.value("alpha", default: OneOrMany([0.5], wasList: false))
    reduction = try reader.value("reduction", default: .mean)
    classWeight = try reader.optional("class_weight")
    lossWeight = try reader.value("loss_weight", default: 1)
    name = try reader.value("loss_name", default: "loss_focal")
  }

  func callAsFunction(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor?, ignored: Int?, reduction: LossReduction?
  ) throws -> Tensor {
    let (classes, ignored) = (scores.shape[1], ignored ?? PixelLabels.none)
    try PixelLabels.check(labels, classes: classes, ignored: ignored)
    guard !alpha.wasList || alpha.elements.count == classes else {
      throw InvalidConfig(
        "FocalLoss: alpha must have one entry for each of \(classes) classes, found \(alpha.elements.count)")
    }
    // A row for each pixel.
    let rows = scores.permuted([0] + Array(2..<scores.rank) + [1]).reshaped([labels.count, classes])
    let flat = labels.reshaped([labels.count])
    let valid = flat.compared(.notEqual, ignored)
    let t = Tensor.where(valid, flat.converted(to: .int64), Tensor([Int64(0)], shape: [])).oneHot(
      classes: classes)
    let p = rows.sigmoid()
    let wrongness = (1 - p) * t + p * (1 - t)
    let share = Tensor(alpha.elements)
    let balance = share * t + (1 - share) * (1 - t)
    let loss = rows.binaryCrossEntropyWithLogits(t, reduction: .none) * (balance * wrongness.power(gamma))
    var factor = valid.converted(to: .float32).reshaped([labels.count, 1])
    if let weight { factor = factor * weight.reshaped([labels.count, 1]) }
    if let weights = try ClassWeights.tensor(classWeight, for: scores, "FocalLoss") {
      factor = factor * weights
    }
    let result = try (reduction ?? self.reduction)(loss, weight: factor) * lossWeight
    if result.shape != loss.shape { return result }
    let last = labels.rank
    return result.reshaped(labels.shape + [classes]).permuted([0, last] + Array(1..<last))
  }
}
