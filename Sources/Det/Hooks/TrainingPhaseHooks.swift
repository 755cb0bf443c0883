import Core
import Foundation

/// A part of a model that does other things in other epochs.
public protocol EpochAware: AnyObject {
  /// Epochs that are over.
  var epoch: Int { get set }
}

/// A head that can add a plain L1 loss of boxes in the last epochs (YOLOX).
public protocol SwitchesToL1: AnyObject {
  var usesL1: Bool { get set }
}

/// Tells the parts of the model which epoch it is. Mirrors mmdet's `SetEpochInfoHook`.
public final class SetEpochInfoHook: Hook {
  struct Config: ConfigRecord {
    init(from reader: inout ConfigReader) throws {}
  }

  public init() {}

  public var stages: Set<HookStage> { [.beforeTrainEpoch] }

  public func beforeTrainEpoch(_ runner: Runner) throws {
    runner.model.forEachModule { _, module in (module as? any EpochAware)?.epoch = runner.epoch }
  }
}

/// Ends the mixing of pictures, and adds an L1 loss, for the last epochs. Mirrors mmdet's `YOLOXModeSwitchHook`.
public final class YOLOXModeSwitchHook: Hook {
  struct Config: ConfigRecord {
    var lastEpochs: Int
    var skipped: [String]

    init(from reader: inout ConfigReader) throws {
      lastEpochs = try reader.value("num_last_epochs", default: 15)
      skipped = try reader.value("skip_type_keys", default: ["Mosaic", "RandomAffine", "MixUp"])
    }
  }

  private let config: Config

  init(_ config: Config) { self.config = config }

  public var stages: Set<HookStage> { [.beforeTrainEpoch] }

  public func beforeTrainEpoch(_ runner: Runner) throws {
    guard let last = runner.maxEpochs else { return }
    // The original switches once; a run that resumes later must have switched, too.
    guard runner.epoch + 1 >= last - config.lastEpochs else { return }
    if runner.epoch + 1 == last - config.lastEpochs {
      runner.note("No mosaic and mixup aug now!")
      runner.note("Add additional L1 loss now!")
    }
    let dataset = (runner.source as? DataLoader<HostDetectionBatch>)?.dataset
    (dataset as? MultiImageMixDataset)?.skip(config.skipped)
    runner.model.forEachModule { _, module in (module as? any SwitchesToL1)?.usesL1 = true }
  }
}

/// Logs how much memory is in use. Mirrors mmdet's `MemoryProfilerHook`.
public final class MemoryProfilerHook: Hook {
  struct Config: ConfigRecord {
    var interval: Int

    init(from reader: inout ConfigReader) throws { interval = try reader.value("interval", default: 50) }
  }

  private let interval: Int

  init(_ config: Config) { interval = config.interval }

  public var stages: Set<HookStage> { [.afterTrainIter, .afterValIter] }

  public func afterTrainIter(_ runner: Runner) throws { try log(runner) }
  public func afterValIter(_ runner: Runner) throws { try log(runner) }

  private func log(_ runner: Runner) throws {
    guard runner.isEveryIterations(interval) else { return }
    let system = Self.fields("/proc/meminfo")
    let own = Self.fields("/proc/self/status")
    func megabytes(_ kilobytes: Int) -> String { "\((kilobytes + 512) / 1024) MB" }
    let total = system["MemTotal"] ?? 0
    let available = system["MemAvailable"] ?? 0
    let (swap, freeSwap) = (system["SwapTotal"] ?? 0, system["SwapFree"] ?? 0)
    func percent(_ part: Int, _ whole: Int) -> String {
      "\(whole > 0 ? PythonText.fixed(100 * Double(part) / Double(whole), 1) : "0.0") %"
    }
    runner.note(
      "Memory information available_memory: \(megabytes(available)), used_memory: \(megabytes(total - available)), "
        + "memory_utilization: \(percent(total - available, total)), available_swap_memory: \(megabytes(freeSwap)), "
        + "used_swap_memory: \(megabytes(swap - freeSwap)), swap_memory_utilization: \(percent(swap - freeSwap, swap)), "
        + "current_process_memory: \(megabytes(own["VmRSS"] ?? 0))")
  }

  /// The numbers, in kilobytes, of the kernel's files.
  private static func fields(_ path: String) -> [String: Int] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
    var fields: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split { $0 == ":" || $0 == " " || $0 == "\t" }
      if parts.count > 1, let value = Int(parts[1]) { fields[String(parts[0])] = value }
    }
    return fields
  }
}
