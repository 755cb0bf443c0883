import Core
import OrderedCollections

/// Runs a segmentor over a data set and measures it, during training.
public final class SegmentationEvaluator: Evaluator {
  private let dataset: any Dataset
  private let workers: Int
  private let metrics: SegmentationMetrics

  init(_ dataset: any Dataset, _ loader: LoaderSettings, _ metrics: SegmentationMetrics) {
    (self.dataset, workers, self.metrics) = (dataset, loader.workers, metrics)
  }

  public var batchCount: Int { dataset.count }

  public func evaluate(_ model: any TrainableModel, runner: Runner) throws -> OrderedDictionary<
    String, LogValue
  > {
    guard let model = model as? any Segmentor else { throw InvalidConfig("a segmentor is needed to segment") }
    var measurement = try SegmentationMeasurement(dataset)
    let source = SegmentationTask.makeTestSource(dataset, workers: workers, readsTruth: true)
    try SegmentationTest.run(model, source) { try measurement.add($0) }
    return measurement.results(metrics) { runner.log($0) }.mapValues { .number($0) }
  }
}
