import Foundation
import Logging
import OrderedCollections
import PyConfig

/// Logs a line of text, and the same as a line of JSON in `<timestamp>.log.json`.
///
/// The first JSON line is the runner's meta data: environment, config, seed. Mirrors mmcv's `TextLoggerHook` without a
/// GPU, where there is no `memory`.
public final class TextLoggerHook: LoggerHook {
  /// Iterations between lines that name the experiment.
  public let experimentInterval: Int
  /// A folder under which the logs are copied at the end of the run.
  public let outDirectory: String?
  public let outSuffixes: [String]
  /// Whether the work directory keeps its logs after they were copied.
  public let keepsLocal: Bool

  private var totalSeconds = 0.0
  private var startIteration = 0
  private var json: LineFile?

  public init(
    _ options: Options = Options(), experimentInterval: Int = 1000, outDirectory: String? = nil,
    outSuffixes: [String] = [".log.json", ".log", ".py"], keepsLocal: Bool = true
  ) {
    (self.experimentInterval, self.outDirectory) = (experimentInterval, outDirectory)
    (self.outSuffixes, self.keepsLocal) = (outSuffixes, keepsLocal)
    super.init(options)
  }

  public override func beforeRun(_ runner: Runner) throws {
    try super.beforeRun(runner)
    guard let directory = runner.workDirectory else {
      throw RunnerError("\(name): the runner must have a work directory")
    }
    startIteration = runner.iteration
    totalSeconds = 0
    let file = try LineFile(path: "\(directory)/\(runner.timestamp).log.json", appending: true)
    json = file
    if let meta = runner.meta { try file.write(PythonText.json(ConfigNode(.dictionary(rounded(meta))))) }
  }

  override func log(_ runner: Runner) throws {
    let mode = mode(runner)
    var output = runner.logBuffer.output
    var iteration = LogValue.integer(iteration(runner, inner: true))
    if let count = output.removeValue(forKey: "eval_iter_num") { iteration = count }
    runner.logBuffer.output["eval_iter_num"] = nil
    var entry: OrderedDictionary<String, LogValue> = [
      "mode": .text(mode.rawValue), "epoch": .integer(epoch(runner)), "iter": iteration,
    ]
    entry["lr"] = .number(try runner.requireOptimizer(name).groups.first?.learningRate ?? 0)
    for (key, value) in output { entry[key] = value }
    nameExperiment(runner)
    runner.logger.info("\(line(entry, mode, runner))")
    let members = entry.map { "\(PythonText.json($0.key)): \($0.value.json)" }
    try json?.write("{" + members.joined(separator: ", ") + "}")
  }

  private func nameExperiment(_ runner: Runner) {
    guard let experiment = runner.meta?["exp_name"]?.string else { return }
    if runner.isEveryIterations(experimentInterval) || options.byEpoch && runner.isEndOfEpoch {
      runner.logger.info("Exp name: \(experiment)")
    }
  }

  private func line(_ entry: OrderedDictionary<String, LogValue>, _ mode: Runner.Mode, _ runner: Runner)
    -> String
  {
    let epoch = entry["epoch"]?.text ?? ""
    let iteration = entry["iter"]?.text ?? ""
    var text: String
    switch mode {
    case .train:
      text =
        options.byEpoch
        ? "Epoch [\(epoch)][\(iteration)/\(runner.source?.batchCount ?? 0)]\t"
        : "Iter [\(iteration)/\(runner.maxIterations ?? 0)]\t"
      text += "lr: \(PythonText.scientific(entry["lr"]?.double ?? 0, 3)), "
      if let time = entry["time"]?.double {
        totalSeconds += time * Double(options.interval)
        let average = totalSeconds / Double(runner.iteration - startIteration + 1)
        let left = (runner.maxIterations ?? 0) - runner.iteration - 1
        text += "eta: \(PythonText.duration(average * Double(left))), time: \(PythonText.fixed(time, 3)), "
        text += "data_time: \(PythonText.fixed(entry["data_time"]?.double ?? 0, 3)), "
      }
    case .val:
      text = options.byEpoch ? "Epoch(val) [\(epoch)][\(iteration)]\t" : "Iter(val) [\(iteration)]\t"
    }
    let told: Set<String> = ["mode", "Epoch", "iter", "lr", "time", "data_time", "memory", "epoch"]
    return text
      + entry.filter { !told.contains($0.key) }.map { "\($0.key): \($0.value.text)" }.joined(separator: ", ")
  }

  /// Floats and lists of floats at the top level with five decimals.
  private func rounded(_ meta: ConfigDictionary) -> ConfigDictionary {
    func rounded(_ node: ConfigNode) -> ConfigNode {
      switch node.value {
      case .float(let value): ConfigNode(.float(PythonText.rounded(value, 5)))
      case .list(let items): ConfigNode(.list(items.map(rounded)))
      case .none, .bool, .int, .string, .tuple, .dictionary: node
      }
    }
    return ConfigDictionary(meta.entries.mapValues(rounded), integerKeys: meta.integerKeys)
  }

  public override func afterRun(_ runner: Runner) throws {
    guard let given = outDirectory, let work = runner.workDirectory else { return }
    let target = try outputDirectory(given, runner, name)
    guard target != work else { return }
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    for file in try FileManager.default.contentsOfDirectory(atPath: work).sorted()
    where outSuffixes.contains(where: { file.hasSuffix($0) }) {
      let (from, to) = ("\(work)/\(file)", "\(target)/\(file)")
      try? FileManager.default.removeItem(atPath: to)
      try FileManager.default.copyItem(atPath: from, toPath: to)
      runner.logger.info("The file \(from) has been uploaded to \(to).")
      if !keepsLocal {
        try FileManager.default.removeItem(atPath: from)
        runner.logger.info("\(from) was removed due to the `self.keep_local=False`")
      }
    }
  }
}
