import Core

/// What is known of the objects in one picture of a batch.
public struct GroundTruth: Sendable {
  public var boxes = Boxes()
  /// Class indices, one a box.
  public var labels: [Int] = []
  /// Regions that count neither as object nor as background (crowds, difficult objects).
  public var ignoredBoxes = Boxes()
  /// One a box, where the pipeline collects them.
  public var masks: InstanceMasks?

  public init() {}
}

/// Pictures and their objects.
public struct DetectionBatch: TrainingBatch {
  /// `[N, C, H, W]`, padded at the right and the bottom to the size of the largest.
  public var images: Tensor
  public var metas: [ImageMeta]
  /// `nil` where the pipeline collects none.
  public var truths: [GroundTruth]?
  /// Boxes that were proposed beforehand (`LoadProposals`).
  public var proposals: [Proposals]?
  /// `[N, 1, H', W']` class indices of the pixels, i64, 255 where they do not count; `nil` where none are collected.
  public var semanticMaps: Tensor?

  public init(
    images: Tensor, metas: [ImageMeta], truths: [GroundTruth]? = nil, proposals: [Proposals]? = nil,
    semanticMaps: Tensor? = nil
  ) {
    (self.images, self.metas, self.truths, self.proposals) = (images, metas, truths, proposals)
    self.semanticMaps = semanticMaps
  }
}

/// Several views of the same pictures, for testing: one batch a scale and direction of `MultiScaleFlipAug`.
public struct DetectionViews: TrainingBatch {
  public var views: [DetectionBatch]

  public init(views: [DetectionBatch]) { self.views = views }
}

/// Candidate boxes of one picture, the most probable first.
public struct Proposals: Sendable, Equatable {
  public var boxes: Boxes
  public var scores: [Float]

  public init(boxes: Boxes, scores: [Float]) { (self.boxes, self.scores) = (boxes, scores) }
}
