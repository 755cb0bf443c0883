import Foundation
import Glibc
import Logging
import OrderedCollections
import PyConfig

/// Measures a model on a data set; tasks conform.
public protocol Evaluator: AnyObject {
  /// Number of batches of the data set.
  var batchCount: Int { get }
  /// Runs the model, which is in evaluation mode, over the data set.
  ///
  /// - Returns: metrics by name, the most important one first.
  func evaluate(_ model: any TrainableModel, runner: Runner) throws -> OrderedDictionary<String, LogValue>
}

/// Evaluates the model every so often and keeps the best checkpoint.
///
/// Mirrors mmcv's `EvalHook` and, with `dynamicIntervals`, mmdet's.
public final class EvalHook: Hook {
  /// Which of two scores is the better one.
  public enum Rule: String, Sendable, CaseIterable, ConfigDecodable {
    case greater, less

    func isBetter(_ a: Double, than b: Double) -> Bool { self == .greater ? a > b : a < b }
    var worst: Double { self == .greater ? -.infinity : .infinity }
  }

  public struct Options: Sendable {
    public var interval = 1
    /// The first epoch (iteration) that is evaluated; also before training, where a run resumes behind it.
    public var start: Int?
    public var byEpoch = true
    /// The metric of the best checkpoint; `auto` is the first of the results.
    public var saveBest: String?
    public var rule: Rule?
    /// Words in metrics that are better when greater (less).
    public var greaterKeys = [
      "acc", "top", "AR@", "auc", "precision", "mAP", "mDice", "mIoU", "mAcc", "aAcc",
    ]
    public var lessKeys = ["loss"]
    public var outDirectory: String?
    /// From which epoch (iteration) on which interval holds.
    public var dynamicIntervals: [(start: Int, interval: Int)] = []

    public init() {}
  }

  public let options: Options
  public let evaluator: any Evaluator

  private var interval: Int
  private var directory = ""
  private var isInitial = true
  private var bestPath: String?
  private var key: String?
  private var rule: Rule?

  /// - Throws: `InvalidConfig` when it is not clear which scores are better.
  public init(_ options: Options, evaluator: any Evaluator) throws {
    try require(options.interval > 0, "interval must be a positive number, found \(options.interval)")
    try require(options.start ?? 0 >= 0, "start must not be negative, found \(options.start ?? 0)")
    (self.options, self.evaluator, interval) = (options, evaluator, options.interval)
    rule = options.rule
    if let best = options.saveBest, best != "auto" { try decide(best) }
  }

  public var stages: Set<HookStage> {
    [.beforeRun, .beforeTrainEpoch, .beforeTrainIter, .afterTrainIter, .afterTrainEpoch]
  }

  /// Settles the metric and, unless one was given, the rule: a whole key first, then a part of one, case not counted.
  private func decide(_ key: String) throws {
    self.key = key
    guard rule == nil else { return }
    let lower = key.lowercased()
    let greater = options.greaterKeys.map { $0.lowercased() }
    let less = options.lessKeys.map { $0.lowercased() }
    if greater.contains(lower) {
      rule = .greater
    } else if less.contains(lower) {
      rule = .less
    } else if greater.contains(where: { lower.contains($0) }) {
      rule = .greater
    } else if less.contains(where: { lower.contains($0) }) {
      rule = .less
    } else {
      throw InvalidConfig(
        "cannot infer the rule for key '\(key)', thus rule='greater' or rule='less' must be given")
    }
  }

  public func beforeRun(_ runner: Runner) throws {
    guard runner.workDirectory != nil || options.saveBest != nil else { return }
    directory = try outputDirectory(options.outDirectory, runner, name)
    if directory != runner.workDirectory {
      runner.logger.info("The best checkpoint will be saved to \(directory) by HardDiskBackend")
    }
    if options.saveBest != nil {
      if runner.meta == nil { runner.meta = ConfigDictionary() }
      runner.hookMessages = runner.hookMessages
      bestPath = runner.hookMessages["best_ckpt"]?.string
    }
  }

  public func beforeTrainEpoch(_ runner: Runner) throws {
    guard options.byEpoch else { return }
    decideInterval(runner.epoch)
    guard isInitial else { return }
    if let start = options.start, runner.epoch >= start { try afterTrainEpoch(runner) }
    isInitial = false
  }

  public func beforeTrainIter(_ runner: Runner) throws {
    guard !options.byEpoch else { return }
    decideInterval(runner.iteration)
    guard isInitial else { return }
    if let start = options.start, runner.iteration >= start { try afterTrainIter(runner) }
    isInitial = false
  }

  public func afterTrainEpoch(_ runner: Runner) throws {
    if options.byEpoch, isDue(runner) { try evaluate(runner) }
  }

  public func afterTrainIter(_ runner: Runner) throws {
    guard !options.byEpoch, isDue(runner) else { return }
    // Loggers come later than this hook: what waits for them is not to be mixed with the metrics.
    for case let logger as LoggerHook in runner.hooks.map(\.hook) { try logger.afterTrainIter(runner) }
    runner.logBuffer.clear()
    try evaluate(runner)
  }

  private func decideInterval(_ progress: Int) {
    guard !options.dynamicIntervals.isEmpty else { return }
    interval = options.dynamicIntervals.last { $0.start <= progress + 1 }?.interval ?? options.interval
  }

  private func isDue(_ runner: Runner) -> Bool {
    let current = (options.byEpoch ? runner.epoch : runner.iteration) + 1
    guard let start = options.start else { return current % interval == 0 }
    return current >= start && (current - start) % interval == 0
  }

  private func evaluate(_ runner: Runner) throws {
    runner.model.train(false)
    let results = try withoutGradient { try evaluator.evaluate(runner.model, runner: runner) }
    runner.model.train(runner.mode != .val)
    runner.logBuffer.output["eval_iter_num"] = .integer(evaluator.batchCount)
    for (name, value) in results { runner.logBuffer.output[name] = value }
    runner.logBuffer.isReady = true
    guard let wanted = options.saveBest else { return }
    guard let first = results.keys.first else {
      runner.logger.warning(
        "The results of the evaluation are empty: no best checkpoint is saved this time.")
      return
    }
    if key == nil { try decide(wanted == "auto" ? first : wanted) }
    guard let key, let score = results[key]?.double else {
      let known = results.keys.joined(separator: ", ")
      throw RunnerError("\(name): save_best must be one of the metrics \(known), found '\(key ?? wanted)'")
    }
    if score != 0 { try saveIfBest(runner, key, score) }
  }

  private func saveIfBest(_ runner: Runner, _ key: String, _ score: Double) throws {
    guard let rule else { return }
    let best = runner.hookMessages["best_score"]?.double ?? rule.worst
    guard rule.isBetter(score, than: best) else { return }
    let (unit, time) = options.byEpoch ? ("epoch", runner.epoch + 1) : ("iter", runner.iteration + 1)
    let fileName = "best_\(key.replacingOccurrences(of: "/", with: "_"))_\(unit)_\(time).pth"
    let path = CheckpointFolder(directory).file(fileName)
    let previous = bestPath
    let before = runner.hookMessages
    runner.hookMessages["best_score"] = ConfigNode(.float(score))
    runner.hookMessages["best_ckpt"] = ConfigNode(.string(path))
    do {
      try runner.saveCheckpoint(
        to: directory, name: fileName, extraMeta: checkpointMeta(runner), marksLatest: false)
    } catch {
      runner.hookMessages = before
      throw error
    }
    bestPath = path
    if let previous, previous != path, unlink(previous) == 0 {
      runner.logger.info("The previous best checkpoint \(previous) was removed")
    }
    runner.logger.info("Now best checkpoint is saved as \(fileName).")
    runner.logger.info("Best \(key) is \(PythonText.fixed(score, 4)) at \(time) \(unit).")
  }

  /// The classes and the palette that other checkpoints of the run carry.
  private func checkpointMeta(_ runner: Runner) -> ConfigDictionary {
    runner.hooks.lazy.compactMap { $0.hook as? CheckpointHook }.first?.options.meta ?? ConfigDictionary()
  }
}
