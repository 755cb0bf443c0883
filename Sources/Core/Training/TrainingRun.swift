import CKernels
import Foundation
import Logging
import OrderedCollections
import PyConfig

/// A training from a config file: what the original suites' `tools/train.py` do.
public struct TrainingRun {
  /// What the command line adds to the config.
  public struct Request {
    public var config: Config
    /// By default the config's `work_dir`, else `./work_dirs/<name of the config>`.
    public var workDirectory: String?
    public var resumeFrom: String?
    /// Goes on from the newest checkpoint in the work directory, if there is one.
    public var resumesAutomatically = false
    public var loadFrom: String?
    public var validates = true
    public var seed: UInt64?
    public var isDeterministic = false
    public var skipsBadSamples = false
    /// Asked after each iteration: whether to stop with a checkpoint.
    public var shouldStop: () -> Bool = { false }

    public init(config: Config) { self.config = config }
  }

  public let task: any TrainingTask
  public let registries: Registries

  public init(_ task: any TrainingTask, registries: Registries) {
    (self.task, self.registries) = (task, registries)
  }

  /// Trains until the config's epochs or iterations are done.
  ///
  /// - Returns: the runner as it ended.
  @discardableResult
  public func callAsFunction(_ request: Request) throws -> Runner {
    let config = request.config
    let workDirectory = request.workDirectory ?? Self.workDirectory(of: config)
    try FileManager.default.createDirectory(atPath: workDirectory, withIntermediateDirectories: true)
    let timestamp = Runner.timeStamp()
    let logger = try Logger.forRun(
      label: task.suite, file: "\(workDirectory)/\(timestamp).log",
      level: try Self.level(config.root["log_level"]))
    try Self.dump(config, to: workDirectory)

    let seed = try request.seed ?? Self.seed(config.root["seed"])
    logger.info("Environment info:\n\(Self.line)\n\(environmentInfo)\n\(Self.line)\n")
    logger.info("Distributed training: False")
    logger.info("Config:\n\(config.dump(.py))")
    logger.info("Set random seed to \(seed), deterministic: \(request.isDeterministic ? "True" : "False")")

    let context = BuildContext(registries: registries, scope: task.suite)
    let model = try makeModel(config, seed, context)
    let (dataset, sources, workflow) = try makeSources(config, request, seed, context, logger)
    try Self.located(config.root["model"], "model") { try task.check(model, against: dataset) }

    let runner = try makeRunner(config, model, workDirectory, logger, seed, context)
    runner.timestamp = timestamp
    runner.shouldStop = request.shouldStop
    runner.meta = meta(config, seed, dataset)
    try runner.registerTrainingHooks(TrainingHooksConfig(config.root), context: context)
    for (hook, priority) in task.standardHooks { runner.register(hook, priority: priority) }
    if request.validates, let node = config.root["data.val"] {
      try registerEvaluation(runner, node, config, context)
    }
    try position(runner, request, config, workDirectory)
    try runner.run(sources, workflow: workflow)
    return runner
  }

  // MARK: Parts

  private func makeModel(_ config: Config, _ seed: UInt64, _ context: BuildContext) throws
    -> any TrainableModel
  {
    guard let node = config.root["model"] else {
      throw BuildError(.missingKey("model"), path: "", location: config.root.location)
    }
    return try RandomSource.$current.withValue(RandomSource(seed: seed, -1)) {
      let model = try task.makeModel(node, path: "model", context)
      try Self.located(node, "model") { try model.checkInitialization() }
      var generator = RandomGenerator(seed: seed, -2)
      model.initializeWeights(using: &generator)
      return model
    }
  }

  private func makeSources(
    _ config: Config, _ request: Request, _ seed: UInt64, _ context: BuildContext, _ logger: Logger
  ) throws -> (any Dataset, [any BatchSource], [Workflow]) {
    guard let node = config.root["data.train"] else {
      throw BuildError(.missingKey("data.train"), path: "", location: config.root.location)
    }
    if let sampler = config.root["sampler"], !sampler.isNone {
      throw BuildError(
        .invalid("samplers cannot be chosen; leave the key out, found \(sampler.summary)"), path: "sampler",
        location: sampler.location)
    }
    let workflow =
      try config.root["workflow"].map { try [Workflow](from: $0, at: "workflow") } ?? [.train(1)]
    var loader = try LoaderSettings(config.root["data"], role: .train, dropsLast: task.dropsLastBatch)
    if loader.sampler.node == nil { loader.sampler = ConfigNodeBox(config.root["sampler"], path: "sampler") }
    let options = SourceOptions(
      loader: loader, seed: seed,
      skipsBadSamples: request.skipsBadSamples,
      onSkip: { error in logger.warning("left out a sample that cannot be read: \(error)") })
    let training = try buildDataset(node, path: "data.train", context)
    let sources = try workflow.map { flow in
      guard flow.mode == .val else { return try task.makeSource(training, options) }
      guard var validation = config.root["data.val"]?.dictionary else {
        throw BuildError(.missingKey("data.val"), path: "", location: config.root.location)
      }
      // As in the original: losses on the validation set are measured behind the training pipeline.
      validation["pipeline"] = node["pipeline"] ?? node["dataset.pipeline"]
      let dataset = try buildDataset(ConfigNode(.dictionary(validation)), path: "data.val", context)
      return try task.makeSource(dataset, options)
    }
    return (training, sources, workflow)
  }

  private func makeRunner(
    _ config: Config, _ model: any TrainableModel, _ workDirectory: String, _ logger: Logger, _ seed: UInt64,
    _ context: BuildContext
  ) throws -> Runner {
    guard let node = config.root["optimizer"] else {
      throw BuildError(.missingKey("optimizer"), path: "", location: config.root.location)
    }
    let optimizer = try buildOptimizer(node, for: model, context: context)
    let plan: RunnerPlan
    if let node = config.root["runner"], !node.isNone {
      plan = try registries.runners.build(node, path: "runner", context: context)
    } else if let epochs = config.root["total_epochs"], !epochs.isNone {
      plan = .epochs(try Int(from: epochs, at: "total_epochs"))
    } else {
      throw BuildError(.missingKey("runner"), path: "", location: config.root.location)
    }
    return try plan.makeRunner(
      model: model, optimizer: optimizer, workDirectory: workDirectory, logger: logger, seed: seed)
  }

  private func registerEvaluation(
    _ runner: Runner, _ node: ConfigNode, _ config: Config, _ context: BuildContext
  ) throws {
    var testing = context
    testing.isTesting = true
    let dataset = try buildDataset(node, path: "data.val", testing)
    let loader = try LoaderSettings(config.root["data"], role: .val, testsSingly: task.testsSingly)
    try runner.registerEvaluation(config.root["evaluation"]) {
      try task.makeEvaluator(dataset, loader, settings: $0)
    }
  }

  /// Puts the run where it is to begin: resumed, from given weights, or from scratch.
  private func position(_ runner: Runner, _ request: Request, _ config: Config, _ workDirectory: String)
    throws
  {
    func text(_ key: String) throws -> String? {
      try config.root[key].flatMap { $0.isNone ? nil : $0 }.map { try String(from: $0, at: key) }
    }
    if let path = try request.resumeFrom ?? text("resume_from") {
      try runner.resume(from: path)
    } else if request.resumesAutomatically, try runner.autoResume(from: workDirectory) {
      return
    } else {
      try loadPretrained(runner)
      if let path = try request.loadFrom ?? text("load_from") { try runner.loadCheckpoint(path) }
    }
  }

  /// Weights that `init_cfg=dict(type='Pretrained', ...)` and `pretrained` name.
  private func loadPretrained(_ runner: Runner) throws {
    try runner.model.forEachModule { key, module in
      for rule in (module as? any ConfiguredModule)?.initialization ?? [] {
        guard case .pretrained(let checkpoint, let prefix) = rule.rule else { continue }
        let report = try module.loadPretrained(checkpoint, prefix: prefix)
        runner.logger.info("\(key.isEmpty ? "model" : key): loaded \(checkpoint)")
        if !report.isPerfect { runner.logger.warning("\(report.description)") }
      }
    }
  }
}
