import Foundation
import OrderedCollections

/// Logs scalars and texts to an event file that TensorBoard shows, in `<work_dir>/tf_logs` by default.
///
/// Mirrors mmcv's `TensorboardLoggerHook`.
public final class TensorboardLoggerHook: LoggerHook {
  public let directory: String?
  private var writer: EventFile?

  public init(_ options: Options = Options(), directory: String? = nil) {
    self.directory = directory
    super.init(options)
  }

  public override func beforeRun(_ runner: Runner) throws {
    try super.beforeRun(runner)
    guard let folder = directory ?? runner.workDirectory.map({ "\($0)/tf_logs" }) else {
      throw RunnerError("\(name): the runner must have a work directory")
    }
    writer = try EventFile(directory: folder)
  }

  override func log(_ runner: Runner) throws {
    let step = iteration(runner)
    for (tag, value) in tags(runner) {
      if let number = value.double {
        try writer?.scalar(tag, number, step: step)
      } else if case .text(let text) = value {
        try writer?.text(tag, text, step: step)
      }
    }
  }

  public override func afterRun(_ runner: Runner) throws { writer = nil }
}
