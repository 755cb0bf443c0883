import Core

/// A network from a picture to a class for each pixel. Mirrors mmseg's `BaseSegmentor`.
public protocol Segmentor: TrainableModel, ConfiguredModule, InspectableModel {
  /// How many classes the model tells apart.
  var classes: Int { get }
  /// The losses of a training batch, in the original's order and under its names (`decode.loss_ce`, `aux.acc_seg`).
  ///
  /// - Throws: `InvalidConfig` where the batch lacks what the model needs.
  func losses(_ batch: SegmentationBatch) throws -> LossTerms
  /// Class indices of each picture, at the original picture's size, from one or several views of it.
  ///
  /// - Parameter views: the views of one picture (`MultiScaleFlipAug`); the class probabilities are averaged.
  func predict(views: [SegmentationBatch]) throws -> [LabelMap]
}

extension Segmentor {
  public func trainStep(_ batch: any TrainingBatch) throws -> TrainOutput {
    guard let batch = batch as? SegmentationBatch else {
      throw InvalidConfig(
        "a segmentor trains on batches of pictures with label maps, found \(type(of: batch))")
    }
    let (loss, log) = try losses(batch).total()
    return TrainOutput(loss: loss, logVars: log, sampleCount: batch.images.shape[0])
  }
}

extension Registries {
  /// Segmentors.
  public var segmentors: Registry<any Segmentor> {
    get { self[(any Segmentor).self, role: "segmentor"] }
    set { self[(any Segmentor).self, role: "segmentor"] = newValue }
  }
}
