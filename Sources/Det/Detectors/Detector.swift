import Core

/// A network from a picture to boxes, classes and perhaps masks. Mirrors mmdet's `BaseDetector`.
public protocol Detector: TrainableModel, ConfiguredModule, InspectableModel {
  /// How many classes the model tells apart, where its head knows.
  var classes: Int? { get }
  /// The losses of a training batch, in the original's order and under its names.
  ///
  /// - Throws: `InvalidConfig` where the batch lacks what the model needs.
  func losses(_ batch: DetectionBatch) throws -> LossTerms
  /// Objects in each picture, after non-maximum suppression.
  ///
  /// - Parameter rescale: whether boxes and masks are those of the original picture, not of the network's input.
  func predict(_ batch: DetectionBatch, rescale: Bool) throws -> [Detections]
  /// Objects of one picture from several views of it (`MultiScaleFlipAug`), merged, in the original picture.
  func predict(views: [DetectionBatch]) throws -> Detections
}

extension Detector {
  public func trainStep(_ batch: any TrainingBatch) throws -> TrainOutput {
    guard let batch = batch as? DetectionBatch else {
      throw InvalidConfig("a detector trains on batches of pictures with boxes, found \(type(of: batch))")
    }
    let (loss, log) = try losses(batch).total()
    return TrainOutput(loss: loss, logVars: log, sampleCount: batch.images.shape[0])
  }
}

extension Registries {
  /// Detectors.
  public var detectors: Registry<any Detector> {
    get { self[(any Detector).self, role: "detector"] }
    set { self[(any Detector).self, role: "detector"] = newValue }
  }
}
