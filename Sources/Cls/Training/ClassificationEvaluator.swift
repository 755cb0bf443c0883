import Core
import OrderedCollections

/// Runs a classifier over a data set and measures it.
public final class ClassificationEvaluator: Evaluator {
  private let dataset: any Dataset
  private let source: DataLoader<HostClassificationBatch>
  private let metrics: ClassificationMetrics

  init(
    _ task: ClassificationTask, _ dataset: any Dataset, _ loader: LoaderSettings,
    _ metrics: ClassificationMetrics
  ) throws {
    (self.dataset, self.metrics) = (dataset, metrics)
    source = try task.loader(dataset, SourceOptions(loader: loader, seed: 0))
  }

  public var batchCount: Int { source.batchCount }

  public func evaluate(_ model: any TrainableModel, runner: Runner) throws -> OrderedDictionary<
    String, LogValue
  > {
    guard let model = model as? ImageClassifier else {
      throw InvalidConfig("a classifier is needed to classify")
    }
    let scores = try ClassificationTest.run(model, source)
    let results = try ClassificationTest.evaluate(scores, dataset, metrics)
    return results.mapValues { value in
      switch value {
      case .number(let number): .number(number)
      case .perClass(let numbers): .list(numbers.map { .number($0) })
      }
    }
  }
}
