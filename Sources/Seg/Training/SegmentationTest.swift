import Core

/// Testing of segmentors: a label map for every picture of a data set.
public enum SegmentationTest {
  /// A picture that was segmented.
  struct Outcome {
    /// The place of the picture in the data set.
    var index: Int
    var picture: TestPicture
    var prediction: LabelMap
  }

  /// Runs the model, in evaluation mode, over all pictures; nothing of one is kept when the next comes.
  static func run(
    _ model: any Segmentor, _ source: DataLoader<TestPicture>, _ body: (Outcome) throws -> Void
  ) throws {
    let wasTraining = model.isTraining
    model.train(false)
    defer { if wasTraining { model.train() } }
    let pictures = try source.batches(epoch: 0)
    var index = 0
    while let picture = try pictures.next() as? TestPicture {
      guard let prediction = try model.predict(views: picture.views.map(\.batch)).first else {
        throw InvalidConfig("a segmentor must give a label map for each picture, found none")
      }
      try body(Outcome(index: index, picture: picture, prediction: prediction))
      index += 1
    }
  }
}
