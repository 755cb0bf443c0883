import Core

/// Pictures and what a classifier should say of them.
public struct ClassificationBatch: TrainingBatch {
  /// `[N, C, H, W]`
  public var images: Tensor
  /// `nil` where the pipeline collects no labels.
  public var target: ClassificationTarget?

  public init(images: Tensor, target: ClassificationTarget?) { (self.images, self.target) = (images, target) }
}

/// The same on the host: what crosses from the threads that load.
struct HostClassificationBatch: Sendable {
  var images: ImageBatch
  var labels: [Int64]?
  var scores: [Float]?

  init(_ samples: [Sample]) throws {
    images = try ImageBatch(samples)
    guard samples.allSatisfy({ $0.collectedKeys?.contains("gt_label") ?? false }) else { return }
    let known = samples.compactMap(\.label)
    if known.count == samples.count {
      labels = known.map(Int64.init)
    } else {
      scores = samples.flatMap { $0.labelScores ?? [] }
    }
  }

  var batch: ClassificationBatch {
    let target: ClassificationTarget? =
      if let labels {
        .labels(Tensor(labels))
      } else if let scores {
        .scores(Tensor(scores, shape: [images.count, scores.count / images.count]))
      } else {
        nil
      }
    return ClassificationBatch(images: images.tensor, target: target)
  }
}

extension ImageClassifier: TrainableModel {
  public func trainStep(_ batch: any TrainingBatch) throws -> TrainOutput {
    guard let batch = batch as? ClassificationBatch, let target = batch.target else {
      throw InvalidConfig("training needs labels: the pipeline must end in Collect(keys=['img', 'gt_label'])")
    }
    let (loss, log) = try losses(batch.images, target).total()
    return TrainOutput(loss: loss, logVars: log, sampleCount: batch.images.shape[0])
  }
}
