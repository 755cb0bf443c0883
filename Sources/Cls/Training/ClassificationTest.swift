import Core
import OrderedCollections

/// Testing of image classifiers: scores for every image of a data set, and metrics of them.
public enum ClassificationTest {
  /// One row of class probabilities for each image, in the order of the data set.
  public struct Scores: Sendable {
    public var values: [Float] = []
    public var classes = 0

    /// - Parameter values: `classes` of them for each image.
    public init(values: [Float] = [], classes: Int = 0) { (self.values, self.classes) = (values, classes) }

    public var count: Int { classes == 0 ? 0 : values.count / classes }

    /// The scores of one image.
    public subscript(image: Int) -> ArraySlice<Float> { values[(image * classes)..<((image + 1) * classes)] }

    /// The class with the highest score.
    public func label(_ image: Int) -> Int {
      let row = self[image]
      var best = row.startIndex
      for index in row.indices where row[index] > row[best] { best = index }
      return best - row.startIndex
    }
  }

  /// Runs the model, in evaluation mode, over all batches.
  ///
  /// - Parameter progress: told how many images are done.
  public static func run(
    _ model: ImageClassifier, _ source: any BatchSource, progress: (Int) -> Void = { _ in }
  ) throws -> Scores {
    let wasTraining = model.isTraining
    model.train(false)
    defer { if wasTraining { model.train() } }
    var scores = Scores()
    let batches = try source.batches(epoch: 0)
    while let batch = try batches.next() as? ClassificationBatch {
      let probabilities = try model.predict(batch.images)
      scores.classes = probabilities.shape[1]
      scores.values += probabilities.floats
      progress(scores.count)
    }
    return scores
  }

  /// Metrics of scores against what the pictures of a data set show; the parts of a concatenation each for itself, as the original
  /// evaluates them, with names that begin `0_`, `1_`, ...
  public static func evaluate(
    _ scores: Scores, _ dataset: any Dataset, _ metrics: ClassificationMetrics
  ) throws -> OrderedDictionary<String, MetricValue> {
    if let parts = dataset as? ConcatDataset, parts.evaluatesSeparately {
      var results: OrderedDictionary<String, MetricValue> = [:]
      var start = 0
      for (index, part) in parts.datasets.enumerated() {
        let end = start + part.count
        let rows = Scores(
          values: Array(scores.values[(start * scores.classes)..<(end * scores.classes)]),
          classes: scores.classes)
        for (name, value) in try evaluate(rows, part, metrics) { results["\(index)_\(name)"] = value }
        start = end
      }
      return results
    }
    switch try GroundTruth(of: dataset) {
    case .labels(let labels): return try metrics(scores.values, classes: scores.classes, labels: labels)
    case .perClass(let targets, _):
      return try metrics(scores.values, classes: scores.classes, targets: targets)
    }
  }
}
