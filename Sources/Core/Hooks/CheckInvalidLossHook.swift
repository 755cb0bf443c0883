import Logging
import OrderedCollections

/// Stops the run when the loss is no finite number.
///
/// Mirrors mmdet's `CheckInvalidLossHook`.
public final class CheckInvalidLossHook: Hook {
  /// Iterations between checks.
  public let interval: Int

  public init(interval: Int = 50) { self.interval = interval }

  public var stages: Set<HookStage> { [.afterTrainIter] }

  public func afterTrainIter(_ runner: Runner) throws {
    guard runner.isEveryIterations(interval), let output = runner.outputs else { return }
    let loss = output.loss.detached().item
    guard !loss.isFinite else { return }
    runner.logger.info("loss become infinite or NaN!")
    let parts = output.logVars.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    throw RunnerError(
      "the loss of iteration \(runner.iteration + 1) (epoch \(runner.epoch + 1)) must be finite, found \(loss)"
        + (parts.isEmpty ? "" : ": \(parts)"))
  }
}
