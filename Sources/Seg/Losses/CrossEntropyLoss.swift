import Core

/// Cross entropy over the classes of each pixel or, with `use_sigmoid`, of each class by itself.
///
/// Mirrors mmseg's `CrossEntropyLoss`.
struct CrossEntropyLoss: SegmentationLoss, ConfigRecord {
  private var usesSigmoid = false
  private var reduction = LossReduction.mean
  private var classWeight: [Float]?
  private var lossWeight: Float = 1
  private(set) var name = "loss_ce"
  /// Whether a mean is over the pixels that count only.
  private var averagesCounted = false

  /// Without arguments, the loss of decode heads whose config names none.
  init(usesSigmoid: Bool = false, lossWeight: Float = 1) {
    (self.usesSigmoid, self.lossWeight) = (usesSigmoid, lossWeight)
  }

  init(from reader: inout ConfigReader) throws {
    usesSigmoid = try reader.value("use_sigmoid", default: false)
    guard try reader.value("use_mask", default: false) == false else {
      throw reader.invalid(
        "must be False: it is for masks of instances, which decode heads do not give", key: "use_mask")
    }
    reduction = try reader.value("reduction", default: .mean)
    classWeight = try ClassWeights.read(&reader)
    lossWeight = try reader.value("loss_weight", default: 1)
    name = try reader.value("loss_name", default: "loss_ce")
    averagesCounted = try reader.value("avg_non_ignore", default: false)
  }

  func callAsFunction(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor?, ignored: Int?, reduction: LossReduction?
  ) throws -> Tensor {
    let reduction = reduction ?? self.reduction
    let loss =
      usesSigmoid
      ? try binary(scores, labels, weight: weight, ignored: ignored ?? PixelLabels.none, reduction)
      : try softmax(scores, labels, weight: weight, ignored: ignored ?? PixelLabels.none, reduction)
    return lossWeight == 1 ? loss : loss * lossWeight
  }

  private func softmax(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor?, ignored: Int, _ reduction: LossReduction
  ) throws -> Tensor {
    let counted = try PixelLabels.check(labels, classes: scores.shape[1], ignored: ignored)
    let loss = scores.crossEntropy(
      labels, weight: try ClassWeights.tensor(classWeight, for: scores, "CrossEntropyLoss"),
      ignoreIndex: ignored,
      reduction: .none)
    let factor = averagesCounted && reduction == .mean ? Float(counted) : nil
    return try reduction(loss, weight: weight, averageFactor: factor)
  }

  /// - Parameter labels: class indices, or for scores `[N, C]` also a 0 or 1 for each of them.
  private func binary(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor?, ignored: Int, _ reduction: LossReduction
  ) throws -> Tensor {
    var scores = scores
    let classes = scores.shape[1]
    if classes == 1 {
      try PixelLabels.check(labels, classes: 2, ignored: ignored, negativesCount: false)
      scores = scores.squeezed(1)
    }
    let valid = labels.compared(.greaterOrEqual, 0).and(labels.compared(.notEqual, ignored))
    var mask = valid.converted(to: .float32)
    var weight = weight
    let targets: Tensor
    if scores.rank == labels.rank {
      targets = labels.converted(to: .float32)
    } else {
      try PixelLabels.check(labels, classes: classes, ignored: ignored, negativesCount: false)
      let safe = Tensor.where(valid, labels.converted(to: .int64), Tensor([Int64(0)], shape: []))
      // Classes lie innermost, as in the scores.
      let last = safe.rank
      let hot = safe.oneHot(classes: classes) * mask.unsqueezed(last)
      targets = hot.permuted([0, last] + Array(1..<last))
      mask = mask.unsqueezed(1).expanded(to: scores.shape)
      weight = weight?.unsqueezed(1)
    }
    let factor = averagesCounted && reduction == .mean ? mask.sum().item : nil
    let loss = scores.binaryCrossEntropyWithLogits(
      targets, positiveWeight: try positiveWeight(for: scores), reduction: .none)
    return try reduction(loss, weight: weight.map { $0 * mask } ?? mask, averageFactor: factor)
  }

  /// The class weights of binary cross entropy: as in the original, they go along the last axis, whatever that is.
  private func positiveWeight(for scores: Tensor) throws -> Tensor? {
    guard let classWeight else { return nil }
    guard classWeight.count == 1 || classWeight.count == scores.shape[scores.rank - 1] else {
      throw InvalidConfig(
        "CrossEntropyLoss: with use_sigmoid, class_weight goes along the last axis of the scores \(scores.shape), "
          + "found \(classWeight.count) entries")
    }
    return Tensor(classWeight)
  }
}
