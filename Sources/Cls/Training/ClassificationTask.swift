import Core
import OrderedCollections
import PyConfig

/// Training of image classifiers.
public struct ClassificationTask: TrainingTask {
  public let suite = "mmcls"
  private let context: BuildContext

  public init(registries: Registries) { context = BuildContext(registries: registries, scope: "mmcls") }

  public func makeModel(_ node: ConfigNode, path: String, _ context: BuildContext) throws
    -> any TrainableModel
  {
    try context.registries.classifiers.build(node, path: path, context: context)
  }

  public func check(_ model: any TrainableModel, against dataset: any Dataset) throws {
    guard let model = model as? ImageClassifier, let classes = model.classes else { return }
    guard let names = dataset.classNames else {
      for index in 0..<dataset.count {
        for label in dataset.categories(at: index) where !(0..<classes).contains(label) {
          throw InvalidConfig(
            "labels must be in 0..<\(classes) (the model's classes), found \(label) for item \(index) of the data set"
          )
        }
      }
      return
    }
    guard names.count == classes else {
      let part = model.head?.classes == nil ? "backbone" : "head"
      throw InvalidConfig(
        "\(part).num_classes must be the number of the data set's classes, \(names.count) "
          + "(\(names.prefix(3).joined(separator: ", "))...), found \(classes)")
    }
  }

  public func makeSource(_ dataset: any Dataset, _ options: SourceOptions) throws -> any BatchSource {
    try loader(dataset, options)
  }

  func loader(_ dataset: any Dataset, _ options: SourceOptions) throws -> DataLoader<HostClassificationBatch>
  {
    var loading = DataLoader<HostClassificationBatch>.Options()
    loading.batchSize = options.loader.samplesPerBatch
    loading.workers = options.loader.workers
    loading.dropsLast = options.loader.dropsLast
    loading.seed = options.seed
    loading.skipsBadSamples = options.skipsBadSamples
    return DataLoader(
      dataset, sampler: try sampler(dataset, options), loading, collate: { try HostClassificationBatch($0) },
      makeBatch: { $0.batch },
      onSkip: options.onSkip)
  }

  private func sampler(_ dataset: any Dataset, _ options: SourceOptions) throws -> any Sampler {
    let (count, shuffles, seed) = (dataset.count, options.loader.shuffles, options.seed)
    if let node = options.loader.sampler.node {
      let path = options.loader.sampler.path
      return try context.registries.classificationSamplers.build(node, path: path, context: context)
        .make(count, shuffles, seed)
    }
    return shuffles ? RandomSampler(count: count, seed: seed) : SequentialSampler(count: count)
  }

  public func makeEvaluator(
    _ dataset: any Dataset, _ loader: LoaderSettings, settings: OrderedDictionary<String, ConfigNode>
  ) throws -> any Evaluator {
    var reader = try ConfigReader(ConfigNode(.dictionary(ConfigDictionary(settings))), path: "evaluation")
    let metrics = try reader.value(
      "metric", default: OneOrMany([ClassificationMetrics.Metric.standard(for: dataset)])
    )
    .elements
    let options = try reader.optional("metric_options", as: ClassificationMetrics.Options.self) ?? .init()
    try reader.finish()
    return try ClassificationEvaluator(
      self, dataset, loader, ClassificationMetrics(metrics, options))
  }
}
