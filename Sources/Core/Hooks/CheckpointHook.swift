import Foundation
import Glibc
import Logging
import PyConfig

/// Saves checkpoints every so often and at the end, and removes old ones.
///
/// Mirrors mmcv's `CheckpointHook`.
public final class CheckpointHook: Hook {
  public struct Options: Sendable {
    /// Epochs or iterations between checkpoints; none in between if it is not positive.
    public var interval = -1
    public var byEpoch = true
    public var savesOptimizer = true
    /// A folder under which one with the work directory's name takes the checkpoints; by default the work directory.
    public var outDirectory: String?
    /// How many checkpoints stay; all if it is not positive.
    public var maxKept = -1
    /// Whether the end of the run is saved in any case.
    public var savesLast = true
    /// With `{}` for the number.
    public var template: String?
    /// Whether `latest.pth` points to the latest checkpoint.
    public var marksLatest = true
    /// Meta data for each checkpoint: `CLASSES`, `PALETTE`, `config`.
    public var meta = ConfigDictionary()

    public init() {}
  }

  public var options: Options
  private var directory = ""

  public init(_ options: Options = Options()) { self.options = options }

  public var stages: Set<HookStage> { [.beforeRun, .afterTrainIter, .afterTrainEpoch] }

  public func beforeRun(_ runner: Runner) throws {
    directory = try outputDirectory(options.outDirectory, runner, name)
    CheckpointFolder(directory).removeLeftovers()
    runner.logger.info("Checkpoints will be saved to \(directory) by HardDiskBackend.")
  }

  public func afterTrainEpoch(_ runner: Runner) throws {
    guard options.byEpoch, runner.isEveryEpochs(options.interval) || options.savesLast && runner.isLastEpoch
    else { return }
    runner.logger.info("Saving checkpoint at \(runner.epoch + 1) epochs")
    try save(runner, number: runner.epoch + 1)
  }

  public func afterTrainIter(_ runner: Runner) throws {
    guard !options.byEpoch,
      runner.isEveryIterations(options.interval) || options.savesLast && runner.isLastIteration
    else { return }
    runner.logger.info("Saving checkpoint at \(runner.iteration + 1) iterations")
    try save(runner, number: runner.iteration + 1)
  }

  private func save(_ runner: Runner, number: Int) throws {
    let template = options.template ?? (options.byEpoch ? "epoch_{}.pth" : "iter_{}.pth")
    func name(_ number: Int) -> String { template.replacingOccurrences(of: "{}", with: "\(number)") }
    let folder = CheckpointFolder(directory)
    let path = try runner.saveCheckpoint(
      to: directory, name: name(number), savesOptimizer: options.savesOptimizer, extraMeta: options.meta,
      marksLatest: options.marksLatest)
    runner.latestCheckpoint = path
    if runner.meta != nil { runner.hookMessages["last_ckpt"] = ConfigNode(.string(path)) }
    guard options.maxKept > 0, options.interval > 0 else { return }
    let oldest = number - options.maxKept.multipliedReportingOverflow(by: options.interval).partialValue
    for old in stride(from: oldest, to: 0, by: -options.interval) {
      if unlink(folder.file(name(old))) != 0 { break }
    }
  }
}

/// The folder for a hook's files: the work directory or, below `given`, one with the work directory's name.
func outputDirectory(_ given: String?, _ runner: Runner, _ hook: String) throws -> String {
  guard let work = runner.workDirectory else {
    throw RunnerError("\(hook): the runner must have a work directory")
  }
  guard let given, !given.isEmpty, given != work else { return work }
  return URL(fileURLWithPath: given).appendingPathComponent(URL(fileURLWithPath: work).lastPathComponent).path
}
