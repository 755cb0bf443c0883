import OrderedCollections
import PyConfig

/// Stops a training whose loss is no finite number, before the optimizer spoils the weights.
///
/// The checkpoints of the run stay as they are. Not part of the original, which goes on training with such weights.
public final class FiniteLossHook: Hook {
  public init() {}

  public var stages: Set<HookStage> { [.afterTrainIter] }

  public func afterTrainIter(_ runner: Runner) throws {
    guard let losses = runner.outputs?.logVars, let loss = losses["loss"], !loss.isFinite else { return }
    let bad = losses.filter { !$0.value.isFinite && $0.key != "loss" }.map { "\($0.key) is \($0.value)" }
    let saved = runner.latestCheckpoint
    throw RunnerError(
      "iteration \(runner.iteration + 1): the loss must be finite, found \(loss)"
        + (bad.isEmpty ? "" : " (\(bad.joined(separator: ", ")))")
        + "; lower the learning rate, warm up longer, or clip gradients with optimizer_config=dict(grad_clip=...); "
        + (saved.map { "the last checkpoint is \($0)" } ?? "no checkpoint was saved yet"))
  }
}
