import Foundation
import Logging
import OrderedCollections
import PyConfig

/// Drives a training: asks for batches, calls the model, and calls hooks around it; everything else is a hook's work.
///
/// Use one of its two kinds, `EpochBasedRunner` and `IterBasedRunner`. Mirrors mmcv's `BaseRunner`.
public class Runner {
  public enum Mode: String, Sendable, CaseIterable {
    case train, val
  }

  public let model: any TrainableModel
  public let optimizer: Optimizer?
  /// Where checkpoints and logs go; absolute, without a slash at the end.
  public let workDirectory: String?
  public var logger: Logger
  /// Facts about the run, for logs and checkpoints: `env_info`, `config`, `seed`, `exp_name`; hooks keep their
  /// messages under `hook_msgs`.
  public var meta: ConfigDictionary?
  /// The file that the checkpoint hook wrote last.
  public internal(set) var latestCheckpoint: String?
  /// Names the log files: `YYYYMMDD_HHMMSS`.
  public var timestamp: String
  /// The seed of all random numbers of the run; each iteration has a generator of its own.
  public let seed: UInt64

  public internal(set) var mode: Mode?
  /// Epochs that are over, and batches of the present one that are over.
  public internal(set) var epoch = 0
  public internal(set) var innerIteration = 0
  /// Iterations of training that are over.
  public internal(set) var iteration = 0
  public internal(set) var maxEpochs: Int?
  public internal(set) var maxIterations: Int?
  /// Where the present epoch's batches come from.
  public internal(set) var source: (any BatchSource)?
  public internal(set) var batch: (any TrainingBatch)?
  /// What the model gave for the present batch.
  public internal(set) var outputs: TrainOutput?
  public var logBuffer = LogBuffer()
  /// Where a run that resumes from a checkpoint written now has to go on.
  public internal(set) var resumePoint = ResumePoint()

  /// Hooks in the order of their priorities.
  public private(set) var hooks: [(hook: any Hook, priority: HookPriority)] = []
  /// Tensors that hooks add to the state dict of checkpoints.
  public var stateExtensions: [any StateExtension] = []
  /// What a checkpoint held besides the model's state, for extensions that are made after resuming.
  public internal(set) var resumedExtraState: OrderedDictionary<String, Tensor> = [:]

  /// Seconds since some moment; tests replace it.
  public var clock: () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
  /// Asked after each iteration: whether to stop with a checkpoint.
  public var shouldStop: () -> Bool = { false }

  /// - Throws: when the work directory can't be made.
  init(
    model: any TrainableModel, optimizer: Optimizer?, workDirectory: String?, logger: Logger,
    meta: ConfigDictionary?, seed: UInt64, maxEpochs: Int?, maxIterations: Int?
  ) throws {
    (self.model, self.optimizer, self.logger, self.meta, self.seed) = (model, optimizer, logger, meta, seed)
    (self.maxEpochs, self.maxIterations) = (maxEpochs, maxIterations)
    timestamp = Self.timeStamp()
    self.workDirectory = workDirectory.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
    if let directory = self.workDirectory {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }
  }

  /// Whether the run is measured, and checkpoints named, by epochs.
  public var isEpochBased: Bool { preconditionFailure("Runner: use EpochBasedRunner or IterBasedRunner") }
  /// The name of a checkpoint, `epoch_{}.pth` or `iter_{}.pth`.
  public var checkpointTemplate: String { isEpochBased ? "epoch_{}.pth" : "iter_{}.pth" }

  /// Runs the workflow over the sources, one source a flow, until the epochs or iterations are done.
  public func run(_ sources: [any BatchSource], workflow: [Workflow] = [.train(1)]) throws {
    preconditionFailure("Runner.run: use EpochBasedRunner or IterBasedRunner")
  }

  // MARK: Hooks

  /// Adds a hook behind those of the same or a higher priority.
  public func register(_ hook: any Hook, priority: HookPriority = .normal) {
    let index = hooks.lastIndex { priority >= $0.priority }.map { $0 + 1 } ?? 0
    hooks.insert((hook, priority), at: index)
  }

  func callHooks(_ stage: HookStage) throws {
    for (hook, _) in hooks where hook.stages.contains(stage) { try hook.call(stage, self) }
  }

  /// The list of hooks by stage, as it is logged at the start.
  public var hookInfo: String {
    HookStage.listed.compactMap { stage in
      let lines = hooks.filter { $0.hook.stages.contains(stage) }.map { hook, priority in
        "(\(PythonText.padded(priority.name, 12))) \(PythonText.padded(hook.name, 35))"
      }
      return lines.isEmpty
        ? nil : "\(stage.rawValue):\n\(lines.joined(separator: "\n"))\n -------------------- "
    }.joined(separator: "\n")
  }

  // MARK: Steps

  /// Calls the model on a batch, with random numbers that depend on nothing but the seed and the iteration.
  func step(_ batch: any TrainingBatch, training: Bool) throws {
    let random = RandomSource(seed: seed, iteration)
    let output = try RandomSource.$current.withValue(random) {
      try InputFault.check {
        training ? try model.trainStep(batch) : try withoutGradient { try model.valStep(batch) }
      }
    }
    logBuffer.update(output.logVars, count: output.sampleCount)
    outputs = output
  }

  /// - Throws: `RunInterrupted`, after a checkpoint, if the run is to stop.
  func stopIfAsked() throws {
    guard shouldStop() else { return }
    var saved: String?
    if let directory = workDirectory {
      saved = try saveCheckpoint(to: directory, name: "interrupted_iter_\(iteration).pth")
      logger.info("Interrupted; the state is saved in \(saved ?? "")")
    }
    throw RunInterrupted(checkpoint: saved)
  }

  func announce(_ workflow: [Workflow], limit: String) {
    logger.info("Start running, host: \(Self.hostInfo), work_dir: \(workDirectory ?? "NONE")")
    logger.info("Hooks will be executed in the following order:\n\(hookInfo)")
    let flows = workflow.map { "('\($0.mode.rawValue)', \($0.count))" }.joined(separator: ", ")
    logger.info("workflow: [\(flows)], max: \(limit)")
  }

  /// The user and the machine, `user@host`.
  static var hostInfo: String { "\(NSUserName())@\(ProcessInfo.processInfo.hostName)" }

  /// The local time as `YYYYMMDD_HHMMSS`.
  public static func timeStamp(_ date: Date = Date()) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd_HHmmss"
    return formatter.string(from: date)
  }
}

/// A part of a workflow: so many epochs (or iterations) of training or validation.
public struct Workflow: Sendable, Equatable {
  public var mode: Runner.Mode
  public var count: Int

  public init(_ mode: Runner.Mode, _ count: Int) { (self.mode, self.count) = (mode, count) }

  public static func train(_ count: Int) -> Workflow { Workflow(.train, count) }
  public static func val(_ count: Int) -> Workflow { Workflow(.val, count) }
}

extension Workflow: ConfigDecodable {
  /// Reads a pair such as `('train', 1)`.
  public init(from node: ConfigNode, at path: String) throws {
    guard let items = node.items, items.count == 2, let name = items[0].string, let count = items[1].int
    else {
      throw BuildError(
        .wrongType(expected: "a pair such as ('train', 1)", found: node.summary), path: path,
        location: node.location)
    }
    guard let mode = Runner.Mode(rawValue: name), count >= 0 else {
      throw BuildError(
        .invalid("a flow must be 'train' or 'val' and a count, found ('\(name)', \(count))"), path: path,
        location: node.location)
    }
    self.init(mode, count)
  }
}

/// The position from which a resumed run goes on: the next iteration that has not been done.
public struct ResumePoint: Sendable, Equatable {
  public var epoch = 0
  public var iteration = 0
  /// Batches of `epoch` that are over.
  public var innerIteration = 0

  public init(epoch: Int = 0, iteration: Int = 0, innerIteration: Int = 0) {
    (self.epoch, self.iteration, self.innerIteration) = (epoch, iteration, innerIteration)
  }
}

/// Thrown when a run stops because it was asked to.
public struct RunInterrupted: Error, CustomStringConvertible, Equatable {
  /// The checkpoint from which the run can go on.
  public var checkpoint: String?
  public var description: String { "interrupted" + (checkpoint.map { "; resume from \($0)" } ?? "") }
}

/// Something that has tensors of its own in the state dict of checkpoints, beside the model.
public protocol StateExtension: AnyObject {
  var extraState: OrderedDictionary<String, Tensor> { get }
}
