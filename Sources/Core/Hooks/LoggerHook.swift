import OrderedCollections

/// Averages what iterations left in the log buffer and logs it; subclasses say how.
///
/// Mirrors mmcv's `LoggerHook`.
public class LoggerHook: Hook {
  public struct Options: Sendable {
    /// Iterations between entries.
    public var interval = 10
    /// Whether the iterations at the end of an epoch that are too few for an interval are left out.
    public var ignoresLast = true
    /// Whether the averages are forgotten once logged; the last logger does so in any case.
    public var resets = false
    public var byEpoch = true

    public init() {}
  }

  public let options: Options
  var resets: Bool

  init(_ options: Options) {
    self.options = options
    resets = options.resets
  }

  public var stages: Set<HookStage> {
    [
      .beforeRun, .beforeEpoch, .beforeTrainEpoch, .beforeValEpoch, .afterTrainIter, .afterTrainEpoch,
      .afterValEpoch, .afterRun,
    ]
  }

  /// Writes what is in the buffer's output.
  func log(_ runner: Runner) throws {
    preconditionFailure("\(name).log: must be implemented by the logger")
  }

  public func beforeRun(_ runner: Runner) throws {
    runner.hooks.lazy.reversed().compactMap { $0.hook as? LoggerHook }.first?.resets = true
  }

  public func afterRun(_ runner: Runner) throws {}

  public func beforeEpoch(_ runner: Runner) throws { runner.logBuffer.clear() }
  public func beforeTrainEpoch(_ runner: Runner) throws { runner.logBuffer.clear() }
  public func beforeValEpoch(_ runner: Runner) throws { runner.logBuffer.clear() }

  public func afterTrainIter(_ runner: Runner) throws {
    let isDue =
      options.byEpoch
      ? runner.isEveryInnerIterations(options.interval) : runner.isEveryIterations(options.interval)
    if isDue || runner.isEndOfEpoch && !options.ignoresLast { runner.logBuffer.average(options.interval) }
    try logIfReady(runner)
  }

  public func afterTrainEpoch(_ runner: Runner) throws { try logIfReady(runner) }

  public func afterValEpoch(_ runner: Runner) throws {
    runner.logBuffer.average()
    try log(runner)
    if resets { runner.logBuffer.clearOutput() }
  }

  private func logIfReady(_ runner: Runner) throws {
    guard runner.logBuffer.isReady else { return }
    try log(runner)
    if resets { runner.logBuffer.clearOutput() }
  }

  // MARK: What loggers write

  /// Training entries have times, entries of evaluations have none.
  func mode(_ runner: Runner) -> Runner.Mode {
    runner.mode == .train && runner.logBuffer.output["time"] != nil ? .train : .val
  }

  /// The epoch, counted from 1; a validation flow belongs to the epoch before it.
  func epoch(_ runner: Runner) -> Int { runner.mode == .train ? runner.epoch + 1 : runner.epoch }

  /// The iteration, counted from 1; within the epoch where `inner`.
  func iteration(_ runner: Runner, inner: Bool = false) -> Int {
    (options.byEpoch && inner ? runner.innerIteration : runner.iteration) + 1
  }

  /// Values under `mode/name`, and the first group's learning rate and momentum.
  func tags(_ runner: Runner) -> OrderedDictionary<String, LogValue> {
    var result: OrderedDictionary<String, LogValue> = [:]
    let mode = mode(runner).rawValue
    for (name, value) in runner.logBuffer.output where name != "time" && name != "data_time" {
      result["\(mode)/\(name)"] = value
    }
    if let group = runner.optimizer?.groups.first {
      result["learning_rate"] = .number(group.learningRate)
      result["momentum"] = .number(group.momentum)
    }
    return result
  }
}
