import Core
import OrderedCollections
import PyConfig

/// Testing from a config file and a checkpoint: what the original's `tools/test.py` does.
public struct ClassificationTestRun {
  public var config: Config
  public var checkpoint: String
  public var metrics: [ClassificationMetrics.Metric]
  public var options: ClassificationMetrics.Options
  /// Told of what a user should know.
  public var notice: (String) -> Void
  /// Told how many of how many images are done.
  public var progress: (_ done: Int, _ total: Int) -> Void

  private let registries: Registries

  public init(config: Config, checkpoint: String, registries: Registries) {
    (self.config, self.checkpoint, self.registries) = (config, checkpoint, registries)
    (metrics, options) = ([], .init())
    (notice, progress) = ({ _ in }, { _, _ in })
  }

  /// Runs the model over the config's `data.test`.
  ///
  /// - Throws: what is wrong with the config, the data or the checkpoint.
  public func callAsFunction() throws -> (results: ClassificationResults, dataset: any Dataset) {
    var context = BuildContext(registries: registries, scope: "mmcls")
    context.isTesting = true
    guard let data = config.root["data.test"] else {
      throw BuildError(.missingKey("data.test"), path: "", location: config.root.location)
    }
    let dataset = try buildDataset(data, path: "data.test", context)
    let task = ClassificationTask(registries: registries)
    let (model, classNames) = try Self.loadModel(config, checkpoint, context, notice)
    let source = try task.makeSource(
      dataset, SourceOptions(loader: try LoaderSettings(config.root["data"], role: .test), seed: 0))
    let scores = try ClassificationTest.run(model, source) { progress($0, dataset.count) }
    var results: OrderedDictionary<String, MetricValue> = [:]
    if !metrics.isEmpty {
      results = try ClassificationTest.evaluate(scores, dataset, ClassificationMetrics(metrics, options))
    }
    return (ClassificationResults(scores: scores, metrics: results, classNames: classNames), dataset)
  }

  /// The config's model with the checkpoint's weights, in evaluation mode, and the names of its classes.
  public static func loadModel(
    _ config: Config, _ checkpoint: String, _ context: BuildContext, _ notice: (String) -> Void
  ) throws -> (model: ImageClassifier, classNames: [String]) {
    guard let node = config.root["model"] else {
      throw BuildError(.missingKey("model"), path: "", location: config.root.location)
    }
    let model = try withoutInitialValues {
      try context.registries.classifiers.build(node, path: "model", context: context)
    }
    let loaded = try Checkpoint(path: checkpoint)
    let report = try model.load(loaded.state)
    if report.matched.isEmpty {
      throw CheckpointError(path: checkpoint, "is of another model: \(report.description)")
    }
    if !report.isPerfect { notice("\(checkpoint): \(report.description)") }
    model.train(false)
    var names = loaded.meta["CLASSES"]?.items?.compactMap(\.string) ?? []
    if names.isEmpty {
      notice("Class names are not saved in the checkpoint's meta data, use imagenet by default.")
      names = ImageNetClasses.names
    }
    return (model, names)
  }
}
