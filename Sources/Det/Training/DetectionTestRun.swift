import Core
import OrderedCollections
import PyConfig

/// Testing from a config file and a checkpoint: what the original's `tools/test.py` does.
public struct DetectionTestRun {
  public var config: Config
  public var checkpoint: String
  /// `--eval`: names of metrics that the data set knows.
  public var metrics: [String] = []
  /// `--eval-options`, which come before the keys of the config's `evaluation`.
  public var options: OrderedDictionary<String, ConfigNode> = [:]
  /// Told of what a user should know.
  public var notice: (String) -> Void = { _ in }
  /// Told how many of how many pictures are done.
  public var progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }

  private let registries: Registries

  public init(config: Config, checkpoint: String, registries: Registries) {
    (self.config, self.checkpoint, self.registries) = (config, checkpoint, registries)
  }

  /// What came out.
  public struct Outcome {
    public var pictures: [Detections]
    public var dataset: any Dataset
    /// Names of the classes, as the checkpoint gives them, else the data set.
    public var classNames: [String]
    /// How the metrics that were asked for are computed.
    public var evaluation: DetectionEvaluation?
  }

  /// Runs the model over the config's `data.test`.
  ///
  /// - Throws: what is wrong with the config, the data or the checkpoint.
  public func callAsFunction() throws -> Outcome {
    var context = BuildContext(registries: registries, scope: "mmdet")
    context.isTesting = true
    guard let data = config.root["data.test"] else {
      throw BuildError(.missingKey("data.test"), path: "", location: config.root.location)
    }
    let dataset = try buildDataset(data, path: "data.test", context)
    // Wrong names are told before the model runs, which may take long.
    let evaluation = try evaluation(dataset)
    let (model, names) = try Self.loadModel(config, checkpoint, context, notice)
    if let classes = model.classes, let known = dataset.classNames, known.count < classes {
      notice("the model tells \(classes) classes apart, the data set has \(known.count)")
    }
    let loader = try LoaderSettings(config.root["data"], role: .test, testsSingly: true)
    let source = try DetectionTask().makeSource(dataset, SourceOptions(loader: loader, seed: 0))
    let pictures = try DetectionTest.run(model, source) { progress($0, dataset.count) }
    return Outcome(
      pictures: pictures, dataset: dataset, classNames: names ?? dataset.classNames ?? [],
      evaluation: evaluation)
  }

  /// How the metrics are computed; `nil` where none are asked for.
  private func evaluation(_ dataset: any Dataset) throws -> DetectionEvaluation? {
    guard !metrics.isEmpty else { return nil }
    var settings = config.root["evaluation"]?.dictionary?.entries ?? [:]
    // Keys of the hook.
    for key in [
      "interval", "tmpdir", "start", "gpu_collect", "save_best", "rule", "dynamic_intervals", "by_epoch",
    ] {
      settings[key] = nil
    }
    settings["metric"] = ConfigNode(.list(metrics.map { ConfigNode(.string($0)) }))
    for (key, value) in options { settings[key] = value }
    return try DetectionEvaluation(dataset, settings: settings, path: "evaluation")
  }

  /// The config's model with the checkpoint's weights, in evaluation mode, and the names of its classes.
  public static func loadModel(
    _ config: Config, _ checkpoint: String, _ context: BuildContext, _ notice: (String) -> Void
  ) throws -> (model: any Detector, classNames: [String]?) {
    guard let node = config.root["model"] else {
      throw BuildError(.missingKey("model"), path: "", location: config.root.location)
    }
    let model = try withoutInitialValues {
      try context.registries.detectors.build(node, path: "model", context: context)
    }
    let loaded = try Checkpoint(path: checkpoint)
    let report = try model.load(loaded.state)
    if report.matched.isEmpty {
      throw CheckpointError(path: checkpoint, "is of another model: \(report.description)")
    }
    if !report.isPerfect { notice("\(checkpoint): \(report.description)") }
    model.train(false)
    let names =
      loaded.meta["CLASSES"]?.items?.compactMap(\.string) ?? loaded.meta["CLASSES"]?.string.map { [$0] }
    return (model, names)
  }
}
