import Foundation
import OrderedCollections

/// Keeps exponential moving averages of the model's parameters and puts them in the model's place between epochs:
/// evaluation and checkpoints see the averages, the present values are in the checkpoint under `ema_...`.
///
/// `average = (1 - momentum) · average + momentum · value`. Mirrors mmcv's `EMAHook` and mmdet's `ExpMomentumEMAHook`
/// and `LinearMomentumEMAHook`, which average buffers, too.
public final class EMAHook: Hook, StateExtension {
  /// How the momentum depends on the iteration.
  public enum Rule: Sendable, Equatable {
    /// mmcv: `min(momentum^interval, (1 + i) / (warmup + i))`
    case warmup(Int)
    /// mmdet: `(1 - momentum) · e^(-(1 + i) / total) + momentum`
    case exponential(total: Int)
    /// mmdet, with the formula of `warmup`.
    case linear(Int)

    var name: String {
      switch self {
      case .warmup: "EMAHook"
      case .exponential: "ExpMomentumEMAHook"
      case .linear: "LinearMomentumEMAHook"
      }
    }
  }

  public let rule: Rule
  public let momentum: Double
  public let interval: Int
  /// Whether buffers (running statistics) are averaged as parameters are.
  public let averagesBuffers: Bool
  /// A checkpoint to resume from, with the averages in it.
  public let resumesFrom: String?

  private var entries: [(key: String, entry: Module.StateEntry, average: Tensor)] = []

  /// - Throws: `InvalidConfig` for values out of range.
  public init(
    rule: Rule = .warmup(100), momentum: Double = 0.0002, interval: Int = 1, averagesBuffers: Bool = false,
    resumesFrom: String? = nil
  ) throws {
    try require(momentum > 0 && momentum < 1, "momentum must lie in (0, 1), found \(momentum)")
    try require(interval > 0, "interval must be positive, found \(interval)")
    (self.rule, self.momentum, self.interval) = (rule, momentum, interval)
    (self.averagesBuffers, self.resumesFrom) = (averagesBuffers, resumesFrom)
  }

  public var name: String { rule.name }
  public var stages: Set<HookStage> { [.beforeRun, .beforeTrainEpoch, .afterTrainIter, .afterTrainEpoch] }

  public var extraState: OrderedDictionary<String, Tensor> {
    OrderedDictionary(entries.map { (Self.extraKey($0.key), $0.average) }) { first, _ in first }
  }

  private static func extraKey(_ key: String) -> String {
    "ema_" + key.replacingOccurrences(of: ".", with: "_")
  }

  public func beforeRun(_ runner: Runner) throws {
    let model = runner.model
    if averagesBuffers {
      entries = model.state.map { ($0.key, $0.value, $0.value.value.detached().clone()) }
    } else {
      entries = model.namedParameters.map {
        ($0.key, .parameter($0.parameter), $0.parameter.value.detached().clone())
      }
    }
    if !runner.stateExtensions.contains(where: { $0 === self }) { runner.stateExtensions.append(self) }
    if let resumesFrom { try runner.resume(from: resumesFrom) }
    for item in entries {
      guard let saved = runner.resumedExtraState[Self.extraKey(item.key)] else { continue }
      guard saved.shape == item.average.shape, saved.dtype == item.average.dtype else {
        throw RunnerError(
          "\(name): the saved average of \(item.key) must have shape \(item.average.shape), found \(saved.shape)"
        )
      }
      item.average.assignInPlace(saved)
    }
  }

  /// The weight of the present values at an iteration, counted from 0.
  func weight(at iteration: Int) -> Double {
    let i = Double(iteration)
    switch rule {
    case .warmup(let length), .linear(let length):
      return min(pow(momentum, Double(interval)), (1 + i) / (Double(length) + i))
    case .exponential(let total):
      return (1 - momentum) * exp(-(1 + i) / Double(total)) + momentum
    }
  }

  public func afterTrainIter(_ runner: Runner) throws {
    // mmcv's own hook counts from the first iteration, mmdet's from the end of the first interval.
    let count = if case .warmup = rule { runner.iteration } else { runner.iteration + 1 }
    guard count % interval == 0 else { return }
    let decay = 1 - weight(at: runner.iteration)
    withoutGradient {
      for item in entries where item.average.dtype == .float32 {
        item.average.backend.averageInPlace(item.average, with: item.entry.value.detached(), decay: decay)
      }
    }
  }

  public func beforeTrainEpoch(_ runner: Runner) throws {
    // A run that resumes within an epoch has the present values in the model already.
    if runner.resumePoint.innerIteration == 0 { swap() }
  }
  public func afterTrainEpoch(_ runner: Runner) throws { swap() }

  /// Exchanges the model's values and the averages.
  private func swap() {
    withoutGradient {
      for item in entries {
        let present = item.entry.value.detached().clone()
        item.entry.assign(item.average)
        item.average.assignInPlace(present)
      }
    }
  }
}
