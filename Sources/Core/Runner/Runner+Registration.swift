import Logging
import PyConfig

/// Which kind of runner a config asks for, and for how long.
public enum RunnerPlan: Sendable, Equatable {
  case epochs(Int)
  case iterations(Int)

  /// Makes the runner.
  public func makeRunner(
    model: any TrainableModel, optimizer: Optimizer?, workDirectory: String?, logger: Logger,
    meta: ConfigDictionary? = nil, seed: UInt64 = 0
  ) throws -> Runner {
    switch self {
    case .epochs(let count):
      try EpochBasedRunner(
        model: model, optimizer: optimizer, maxEpochs: count, workDirectory: workDirectory, logger: logger,
        meta: meta, seed: seed)
    case .iterations(let count):
      try IterBasedRunner(
        model: model, optimizer: optimizer, maxIterations: count, workDirectory: workDirectory,
        logger: logger,
        meta: meta, seed: seed)
    }
  }
}

extension Registries {
  /// `EpochBasedRunner` and `IterBasedRunner`.
  public var runners: Registry<RunnerPlan> {
    get { self[RunnerPlan.self, role: "runner"] }
    set { self[RunnerPlan.self, role: "runner"] = newValue }
  }
}

private struct EpochRunnerConfig: ConfigRecord {
  var maxEpochs: Int

  init(from reader: inout ConfigReader) throws {
    maxEpochs = try reader.value("max_epochs")
    if maxEpochs < 0 { throw reader.invalid("must not be negative, found \(maxEpochs)", key: "max_epochs") }
  }
}

private struct IterRunnerConfig: ConfigRecord {
  var maxIterations: Int

  init(from reader: inout ConfigReader) throws {
    maxIterations = try reader.value("max_iters")
    if maxIterations < 0 {
      throw reader.invalid("must not be negative, found \(maxIterations)", key: "max_iters")
    }
  }
}

/// Enters optimizers, schedules, hooks and runners.
public func registerCoreRuntime(_ registries: inout Registries) {
  registerOptimizers(&registries)
  registerHooks(&registries)
  for name in ["EpochBasedRunner", "Runner"] {
    registries.runners.register(name, EpochRunnerConfig.self) { .epochs($0.maxEpochs) }
  }
  registries.runners.register("IterBasedRunner", IterRunnerConfig.self) { .iterations($0.maxIterations) }
}
