import Core

/// Predicts a mask for each region and class. Mirrors mmdet's mask heads.
public protocol MaskHead: Module {
  var classes: Int { get }
  /// Logits `[regions, classes, h, w]`, or of one channel where classes share a mask.
  func callAsFunction(_ x: Tensor) -> Tensor
  /// Logits of one class a region, `[regions, h, w]`.
  func logits(_ x: Tensor, of labels: [Int]) -> Tensor
  /// Losses of the logits of the regions' own classes (`loss_mask`).
  ///
  /// - Parameter targets: `[regions, h, w]`.
  func losses(own logits: Tensor, targets: Tensor) throws -> LossTerms
}

extension MaskHead {
  /// `loss_mask`, which is 0 where there is nothing to learn from.
  func maskLosses(_ loss: any DetectionLoss, own logits: Tensor, targets: Tensor) throws -> LossTerms {
    var terms = LossTerms()
    guard logits.shape[0] > 0 else {
      terms["loss_mask"] = logits.sum()
      return terms
    }
    guard logits.shape == targets.shape else {
      throw InvalidConfig(
        "train_cfg.rcnn.mask_size must be the size of predicted masks, \(Array(logits.shape[1...])), "
          + "found \(Array(targets.shape[1...]))")
    }
    terms["loss_mask"] = try loss(
      logits.unsqueezed(1), .masks(targets, labels: Array(repeating: 0, count: logits.shape[0])), weight: nil,
      averageFactor: nil, reduction: nil)
    return terms
  }
}

extension Registries {
  /// Mask heads of second stages (`roi_head.mask_head`).
  public var maskHeads: Registry<any MaskHead> {
    get { self[(any MaskHead).self, role: "mask head"] }
    set { self[(any MaskHead).self, role: "mask head"] = newValue }
  }
}

/// What mask heads should predict.
enum MaskTargets {
  /// The masks of the sampled positive regions at the size of `train_cfg.rcnn.mask_size`, `[regions, h, w]`.
  static func make(_ samples: [SamplingResult], _ truths: [GroundTruth], _ training: RCNNTrainConfig) throws
    -> Tensor
  {
    guard let size = training.maskSize else {
      throw InvalidConfig("train_cfg.rcnn must have a mask_size to train a mask head")
    }
    var values: [Float] = []
    for (sample, truth) in zip(samples, truths) where !sample.posBoxes.isEmpty {
      guard let masks = truth.masks else {
        throw InvalidConfig("the pipeline must collect gt_masks to train a mask head")
      }
      guard sample.posTruthIndices.allSatisfy({ $0 < masks.count }) else {
        throw InvalidConfig(
          "each object must have a mask, found \(masks.count) masks for \(sample.truthCount) objects")
      }
      values += try masks.targets(
        boxes: sample.posBoxes, objects: sample.posTruthIndices, width: size.w, height: size.h,
        isSoft: training.softMasks)
    }
    return Tensor(values, shape: [values.count / (size.h * size.w), size.h, size.w])
  }
}
