import Core
import OrderedCollections
import PyConfig

/// Training of detectors.
public struct DetectionTask: TrainingTask {
  public let suite = "mmdet"
  public let testsSingly = true

  public init() {}

  public func makeModel(_ node: ConfigNode, path: String, _ context: BuildContext) throws
    -> any TrainableModel
  {
    try context.registries.detectors.build(node, path: path, context: context)
  }

  /// A model may tell more classes apart than the data set has, as in the original; `NumClassCheckHook` wants as many.
  public func check(_ model: any TrainableModel, against dataset: any Dataset) throws {
    guard let classes = (model as? any Detector)?.classes, let names = dataset.classNames,
      names.count > classes
    else {
      return
    }
    throw InvalidConfig(
      "num_classes must be the number of the data set's classes, \(names.count) "
        + "(\(names.prefix(3).joined(separator: ", "))...), found \(classes)")
  }

  public func makeSource(_ dataset: any Dataset, _ options: SourceOptions) throws -> any BatchSource {
    try loader(dataset, options)
  }

  func loader(_ dataset: any Dataset, _ options: SourceOptions) throws -> DataLoader<HostDetectionBatch> {
    var loading = DataLoader<HostDetectionBatch>.Options()
    loading.batchSize = options.loader.samplesPerBatch
    loading.workers = options.loader.workers
    loading.dropsLast = options.loader.dropsLast
    loading.seed = options.seed
    loading.skipsBadSamples = options.skipsBadSamples
    return DataLoader(
      dataset, sampler: try sampler(dataset, options), loading, collate: { try HostDetectionBatch($0) },
      makeBatch: { $0.batch },
      onSkip: options.onSkip)
  }

  private func sampler(_ dataset: any Dataset, _ options: SourceOptions) throws -> any Sampler {
    let (size, seed) = (options.loader.samplesPerBatch, options.seed)
    guard options.loader.shuffles else { return SequentialSampler(count: dataset.count) }
    if let count = options.loader.samplesPerClass {
      return try ClassAwareSampler(dataset, picturesPerClass: count, batchSize: size, seed: seed)
    }
    return GroupSampler(dataset, batchSize: size, seed: seed)
  }

  public func makeEvaluator(
    _ dataset: any Dataset, _ loader: LoaderSettings, settings: OrderedDictionary<String, ConfigNode>
  ) throws -> any Evaluator {
    let evaluation = try DetectionEvaluation(dataset, settings: settings, path: "evaluation")
    return DetectionEvaluator(try self.loader(dataset, SourceOptions(loader: loader, seed: 0)), evaluation)
  }
}

/// Runs a detector over a data set and measures it.
final class DetectionEvaluator: Evaluator {
  private let source: DataLoader<HostDetectionBatch>
  private let evaluation: DetectionEvaluation

  init(_ source: DataLoader<HostDetectionBatch>, _ evaluation: DetectionEvaluation) {
    (self.source, self.evaluation) = (source, evaluation)
  }

  var batchCount: Int { source.batchCount }

  func evaluate(_ model: any TrainableModel, runner: Runner) throws -> OrderedDictionary<String, LogValue> {
    guard let model = model as? any Detector else { throw InvalidConfig("a detector is needed to detect") }
    let report = try evaluation(DetectionTest.run(model, source))
    if !report.text.isEmpty { runner.note(report.text) }
    return report.metrics
  }
}
