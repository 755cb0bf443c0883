import OrderedCollections
import TorchFile

/// Sets the momentum (`beta1` for the Adam family) of all groups as a schedule says.
///
/// Mirrors mmcv's `MomentumUpdaterHook` with its policies; `policy='cyclic'` makes a `CyclicMomentumUpdaterHook`.
public final class MomentumUpdaterHook: Hook {
  public enum Rule: Sendable {
    case schedule(any Schedule)
    case oneCycle(OneCycleMomentum)
  }

  public let name: String
  public let rule: Rule
  public let byEpoch: Bool
  public let warmup: Warmup?

  private var base: [Double] = []
  private var ends: [(low: Double, high: Double)] = []
  private var regular: [Double] = []

  /// - Parameter policy: the name in front of `MomentumUpdaterHook`.
  public init(_ rule: Rule, policy: String, byEpoch: Bool? = nil, warmup: Warmup? = nil) {
    (self.rule, self.warmup) = (rule, warmup)
    switch rule {
    case .schedule(let schedule): self.byEpoch = byEpoch ?? type(of: schedule).countsEpochs
    case .oneCycle: self.byEpoch = false
    }
    name = "\(policy)MomentumUpdaterHook"
  }

  public var stages: Set<HookStage> { [.beforeRun, .beforeTrainEpoch, .beforeTrainIter] }

  public func beforeRun(_ runner: Runner) throws {
    let optimizer = try runner.requireOptimizer(name)
    switch rule {
    case .schedule(let schedule):
      try schedule.validate(runner.progress(byEpoch: byEpoch))
      optimizer.forEachGroup { _, group in
        if group.initialMomentum == nil { group.initialMomentum = group.momentum }
      }
      base = optimizer.groups.map { $0.initialMomentum ?? $0.momentum }
    case .oneCycle(let cycle):
      ends = try cycle.ends(groups: optimizer.groups.count)
      optimizer.forEachGroup { index, group in
        group.momentum = ends[index].high
        group.extra["base_momentum"] = .float(ends[index].low)
        group.extra["max_momentum"] = .float(ends[index].high)
      }
    }
  }

  public func beforeTrainEpoch(_ runner: Runner) throws {
    guard byEpoch else { return }
    try computeRegular(runner)
    try set(regular, runner)
  }

  public func beforeTrainIter(_ runner: Runner) throws {
    let iteration = runner.iteration
    let length = warmup?.duration ?? 0
    if !byEpoch {
      try computeRegular(runner)
      try set(iteration >= length ? regular : warm(iteration), runner)
    } else if warmup != nil, iteration <= length {
      try set(iteration == length ? regular : warm(iteration), runner)
    }
  }

  private func computeRegular(_ runner: Runner) throws {
    let progress = runner.progress(byEpoch: byEpoch)
    switch rule {
    case .schedule(let schedule): regular = try base.map { try schedule.value($0, at: progress) }
    case .oneCycle(let cycle):
      let total = try progress.total()
      regular = ends.map {
        cycle.value(low: $0.low, high: $0.high, iteration: runner.iteration, total: total)
      }
    }
  }

  private func warm(_ iteration: Int) -> [Double] {
    guard let warmup else { return regular }
    return regular.map { $0 / warmup.factor(at: iteration, of: warmup.duration) }
  }

  private func set(_ momenta: [Double], _ runner: Runner) throws {
    let optimizer = try runner.requireOptimizer(name)
    guard momenta.count == optimizer.groups.count else { return }
    optimizer.forEachGroup { $1.momentum = momenta[$0] }
  }
}
