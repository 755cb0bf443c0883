import ArgumentParser
import Core

/// The options of the training tools: those of the original `tools/train.py`.
public struct TrainOptions: ParsableArguments {
  @Option(name: .customLong("work-dir"), help: "Where logs and checkpoints go.")
  public var workDirectory: String?

  @Option(name: .customLong("resume-from"), help: "The checkpoint to go on from.")
  public var resumeFrom: String?

  @Flag(name: .customLong("auto-resume"), help: "Go on from the newest checkpoint in the work directory.")
  public var autoResume = false

  @Option(name: .customLong("load-from"), help: "The checkpoint whose weights to start from.")
  public var loadFrom: String?

  @Flag(name: .customLong("no-validate"), help: "Do not evaluate during training.")
  public var noValidate = false

  @Option(help: "The seed of all random numbers.")
  public var seed: UInt64?

  @Flag(help: "Accepted as by the original; results are always deterministic.")
  public var deterministic = false

  @Flag(name: .customLong("diff-seed"), help: .hidden)
  public var differentSeeds = false

  @Flag(
    name: .customLong("skip-bad-samples"), help: "Leave out samples that cannot be read instead of stopping.")
  public var skipsBadSamples = false

  @Option(help: "The device; only cpu.")
  public var device: String?

  @Option(name: .customLong("gpu-id"), help: .hidden)
  public var gpu: Int?

  @Option(help: .hidden)
  public var launcher: String?

  public init() {}

  public mutating func validate() throws {
    if let device, device != "cpu" { throw ValidationError("--device: only 'cpu', found '\(device)'") }
    if let launcher, launcher != "none" {
      throw ValidationError("--launcher: one process trains; only 'none', found '\(launcher)'")
    }
    if resumeFrom != nil && autoResume {
      throw ValidationError("--resume-from and --auto-resume do not go together")
    }
  }

  /// What the training tools ask of `TrainingRun`.
  public func request(_ config: ConfigOptions) throws -> TrainingRun.Request {
    var request = TrainingRun.Request(config: try config.load())
    request.workDirectory = workDirectory
    request.resumeFrom = resumeFrom
    request.resumesAutomatically = autoResume
    request.loadFrom = loadFrom
    request.validates = !noValidate
    request.seed = seed
    request.isDeterministic = deterministic
    request.skipsBadSamples = skipsBadSamples
    request.shouldStop = Tool.catchInterrupts()
    return request
  }
}
