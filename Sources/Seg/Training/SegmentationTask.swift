import Core
import OrderedCollections
import PyConfig

/// Training of segmentors.
public struct SegmentationTask: TrainingTask {
  public let suite = "mmseg"
  public let testsSingly = true
  public let dropsLastBatch = true

  public init() {}

  public var standardHooks: [(hook: any Hook, priority: HookPriority)] { [(FiniteLossHook(), .veryHigh)] }

  public func makeModel(_ node: ConfigNode, path: String, _ context: BuildContext) throws
    -> any TrainableModel
  {
    try context.registries.segmentors.build(node, path: path, context: context)
  }

  public func check(_ model: any TrainableModel, against dataset: any Dataset) throws {
    guard let model = model as? any Segmentor else { return }
    if let names = dataset.classNames, names.count != model.classes {
      throw InvalidConfig(
        "decode_head.num_classes must be the number of the data set's classes, \(names.count) "
          + "(\(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", ..." : "")), found \(model.classes)"
      )
    }
    for part in dataset.segmentationParts {
      part.assumeClasses(model.classes)
      try part.checkLabelVariety()
    }
  }

  public func makeSource(_ dataset: any Dataset, _ options: SourceOptions) throws -> any BatchSource {
    var loading = DataLoader<HostSegmentationBatch>.Options()
    loading.batchSize = options.loader.samplesPerBatch
    loading.workers = options.loader.workers
    loading.dropsLast = options.loader.dropsLast
    loading.seed = options.seed
    loading.skipsBadSamples = options.skipsBadSamples
    guard !loading.dropsLast || dataset.count >= loading.batchSize else {
      throw InvalidConfig(
        "data.samples_per_gpu must be at most the number of pictures, \(dataset.count), where the last batch is "
          + "left out if it is not full, found \(loading.batchSize); lower it, repeat the data set with RepeatDataset, "
          + "or set data.train_dataloader.drop_last=False")
    }
    let sampler: any Sampler =
      options.loader.shuffles
      ? RandomSampler(count: dataset.count, seed: options.seed) : SequentialSampler(count: dataset.count)
    return DataLoader(
      dataset, sampler: sampler, loading, collate: { try HostSegmentationBatch($0) }, makeBatch: { $0.batch },
      onSkip: options.onSkip)
  }

  /// The pictures of a data set one by one.
  ///
  /// - Parameter readsTruth: whether their label maps are read as well.
  static func makeTestSource(
    _ dataset: any Dataset, workers: Int, readsTruth: Bool
  ) -> DataLoader<TestPicture> {
    var loading = DataLoader<TestPicture>.Options()
    loading.workers = workers
    return DataLoader(
      TestingDataset(dataset, readsTruth: readsTruth), sampler: SequentialSampler(count: dataset.count),
      loading,
      collate: { try TestPicture($0) }, makeBatch: { $0 })
  }

  public func makeEvaluator(
    _ dataset: any Dataset, _ loader: LoaderSettings, settings: OrderedDictionary<String, ConfigNode>
  ) throws -> any Evaluator {
    var reader = try ConfigReader(ConfigNode(.dictionary(ConfigDictionary(settings))), path: "evaluation")
    let metrics = try reader.value("metric", default: OneOrMany([SegmentationMetrics.Metric.meanIoU]))
      .elements
    let options = try SegmentationMetrics.Options(from: &reader)
    // How the original saves memory; here memory does not grow with the data set.
    reader.ignore("pre_eval", "efficient_test")
    try reader.finish()
    return SegmentationEvaluator(dataset, loader, SegmentationMetrics(metrics, options))
  }
}
