import Core

/// Testing of detectors: the objects in every picture of a data set.
public enum DetectionTest {
  /// Runs the model, in evaluation mode, over all batches.
  ///
  /// - Parameter progress: told how many pictures are done.
  /// - Returns: the objects in pixels of the original pictures, in the order of the data set.
  public static func run(
    _ model: any Detector, _ source: any BatchSource, progress: (Int) -> Void = { _ in }
  ) throws -> [Detections] {
    let wasTraining = model.isTraining
    model.train(false)
    defer { if wasTraining { model.train() } }
    var results: [Detections] = []
    let batches = try source.batches(epoch: 0)
    while let batch = try batches.next() {
      results += try withoutGradient { try InputFault.check { try detect(model, batch) } }
      progress(results.count)
    }
    return results
  }

  private static func detect(_ model: any Detector, _ batch: any TrainingBatch) throws -> [Detections] {
    if let batch = batch as? DetectionBatch { return try model.predict(batch, rescale: true) }
    guard let views = (batch as? DetectionViews)?.views, let first = views.first else {
      throw InvalidConfig("a detector tests on batches of pictures, found \(type(of: batch))")
    }
    if views.count == 1 { return try model.predict(first, rescale: true) }
    guard first.metas.count == 1 else {
      throw InvalidConfig(
        "test-time augmentation takes one picture at a time: samples_per_gpu must be 1, found \(first.metas.count)"
      )
    }
    return [try model.predict(views: views)]
  }
}
