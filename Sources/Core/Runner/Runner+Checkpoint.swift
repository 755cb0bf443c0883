import Foundation
import Glibc
import Logging
import OrderedCollections
import PyConfig
import TorchFile

/// The version of this program, as checkpoints state it.
public let mmswiftVersion = "0.1.0"

extension Runner {
  /// Messages that hooks leave for later runs: `last_ckpt`, `best_score`, `best_ckpt`.
  public var hookMessages: ConfigDictionary {
    get { meta?["hook_msgs"]?.dictionary ?? ConfigDictionary() }
    set {
      var whole = meta ?? ConfigDictionary()
      whole["hook_msgs"] = ConfigNode(.dictionary(newValue))
      meta = whole
    }
  }

  /// Writes a checkpoint of the run as it stands.
  ///
  /// - Parameters:
  ///   - name: the file's name; by default from `checkpointTemplate` and the epoch or iteration that ends.
  ///   - extraMeta: meta data below that of the runner (`CLASSES`, `config`).
  ///   - marksLatest: whether `latest.pth` is to point to the file.
  /// - Returns: the path of the file.
  /// - Throws: `TorchFileError`; then older checkpoints, `latest.pth` included, are as they were.
  @discardableResult
  public func saveCheckpoint(
    to directory: String, name: String? = nil, savesOptimizer: Bool = true,
    extraMeta: ConfigDictionary = ConfigDictionary(), marksLatest: Bool = true
  ) throws -> String {
    let number = (isEpochBased ? epoch : iteration) + 1
    let name = name ?? checkpointTemplate.replacingOccurrences(of: "{}", with: "\(number)")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let folder = CheckpointFolder(directory)
    let path = folder.file(name)
    let checkpoint = Checkpoint(
      meta: checkpointMeta(extraMeta), state: fullState,
      optimizer: savesOptimizer ? optimizer?.stateDict : nil)
    try checkpoint.write(to: path)
    if marksLatest { try folder.markLatest(name) }
    return path
  }

  private func checkpointMeta(_ extra: ConfigDictionary) -> ConfigDictionary {
    var result = extra
    for (key, value) in meta?.entries ?? [:] { result[key] = value }
    // As the original counts: the epoch that ends is over, the iteration that ends is not.
    result["epoch"] = ConfigNode(.int(epoch + 1))
    result["iter"] = ConfigNode(.int(iteration))
    result["progress"] = ConfigNode(
      .dictionary(
        ConfigDictionary([
          "epoch": ConfigNode(.int(resumePoint.epoch)), "iter": ConfigNode(.int(resumePoint.iteration)),
          "inner_iter": ConfigNode(.int(resumePoint.innerIteration)),
        ])))
    result["mmswift_version"] = ConfigNode(.string(mmswiftVersion))
    result["time"] = ConfigNode(.string(Self.calendarTime(Date())))
    return result
  }

  /// The local time as C's `asctime` gives it: `Sat Nov  1 05:24:06 2025`.
  static func calendarTime(_ date: Date) -> String {
    var seconds = time_t(date.timeIntervalSince1970)
    var parts = tm()
    localtime_r(&seconds, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let clock = String(format: "%2d %02d:%02d:%02d", parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec)
    return "\(days[Int(parts.tm_wday)]) \(months[Int(parts.tm_mon)]) \(clock) \(parts.tm_year + 1900)"
  }

  /// The model's state with the extensions' tensors, which PyTorch would list among the root's own.
  private var fullState: OrderedDictionary<String, StoredTensor> {
    var own: OrderedDictionary<String, StoredTensor> = [:]
    var deeper: OrderedDictionary<String, StoredTensor> = [:]
    for (key, tensor) in model.stateDict {
      if key.contains(".") { deeper[key] = StoredTensor(tensor) } else { own[key] = StoredTensor(tensor) }
    }
    for (key, tensor) in stateExtensions.flatMap({ Array($0.extraState) }) { own[key] = StoredTensor(tensor) }
    own.merge(deeper) { first, _ in first }
    return own
  }

  /// Loads the weights of a checkpoint (`load_from`) and logs what does not match.
  @discardableResult
  public func loadCheckpoint(
    _ path: String, strict: Bool = false, revisions: [KeyRevision] = [.withoutModule]
  ) throws -> LoadReport {
    let report = try model.loadCheckpoint(path, strict: strict, revisions: revisions)
    // A training that starts from nothing although weights were asked for would be found out hours later.
    guard !report.matched.isEmpty else {
      throw CheckpointError(path: path, "is of another model: \(report.description)")
    }
    if !report.isPerfect { logger.warning("\(report.description)") }
    return report
  }

  /// Goes on from a checkpoint: model, optimizer, position, meta data.
  ///
  /// - Throws: when the file can't be used, or the optimizer's state doesn't fit.
  public func resume(from path: String, withOptimizer: Bool = true) throws {
    try resume(try Checkpoint(path: path), path: path, withOptimizer: withOptimizer)
  }

  /// Goes on from the latest checkpoint in a folder that opens; broken ones are skipped with a warning.
  ///
  /// - Returns: whether there was one.
  public func autoResume(from directory: String) throws -> Bool {
    let found = CheckpointFolder(directory).latestUsable { path, reason in
      let text = "\(reason)"
      logger.warning("skipping \(text.hasPrefix(path) ? text : "\(path): \(text)")")
    }
    guard let (path, checkpoint) = found else { return false }
    try resume(checkpoint, path: path, withOptimizer: true)
    return true
  }

  private func resume(_ checkpoint: Checkpoint, path: String, withOptimizer: Bool) throws {
    guard let epoch = checkpoint.meta["epoch"]?.int, let iteration = checkpoint.meta["iter"]?.int, epoch >= 0,
      iteration >= 0
    else { throw CheckpointError(path: path, "the meta data must have 'epoch' and 'iter' to resume from") }
    if withOptimizer, let state = checkpoint.optimizer {
      guard let optimizer else {
        throw CheckpointError(path: path, "has an optimizer's state, the run has none")
      }
      do {
        try optimizer.load(state)
      } catch let error as OptimizerStateError {
        throw CheckpointError(path: path, "\(error)")
      }
    }
    let keys = Set(model.state.keys)
    resumedExtraState = [:]
    var state = checkpoint.state
    for (key, value) in checkpoint.state where key.hasPrefix("ema_") && !keys.contains(key) {
      resumedExtraState[key] = Tensor(value)
      state[key] = nil
    }
    let report = try model.load(state)
    if !report.isPerfect { logger.warning("\(report.description)") }

    var point = ResumePoint(epoch: epoch, iteration: iteration)
    if let progress = checkpoint.meta["progress"], let epoch = progress.child("epoch")?.int,
      let iteration = progress.child("iter")?.int, let inner = progress.child("inner_iter")?.int,
      epoch >= 0, iteration >= 0, inner >= 0
    {
      point = ResumePoint(epoch: epoch, iteration: iteration, innerIteration: inner)
    }
    resumePoint = point
    (self.epoch, self.iteration) = (point.epoch, point.iteration)
    innerIteration = isEpochBased ? 0 : point.iteration
    var messages = hookMessages
    for (key, value) in checkpoint.meta["hook_msgs"]?.dictionary?.entries ?? [:] { messages[key] = value }
    meta = checkpoint.meta
    hookMessages = messages
    logger.info(
      isEpochBased
        ? "resumed epoch \(self.epoch), iter \(self.iteration)"
        : "resumed from epoch: \(self.epoch), iter \(self.iteration)")
  }
}
