/// Sets the learning rates of all groups: by epoch or iteration as its schedule says, and smaller during warm-up.
///
/// Mirrors mmcv's `LrUpdaterHook` with all its policies; `policy='step'` makes a `StepLrUpdaterHook`.
public final class LrUpdaterHook: Hook {
  public let name: String
  public let schedule: any Schedule
  /// Whether the schedule counts epochs.
  public let byEpoch: Bool
  public let warmup: Warmup?

  private var base: [Double] = []
  private var regular: [Double] = []
  /// Known from the first epoch on where the warm-up is measured in epochs.
  private var warmupIterations: Int?

  /// - Parameter policy: the name in front of `LrUpdaterHook`.
  public init(_ schedule: any Schedule, policy: String, byEpoch: Bool? = nil, warmup: Warmup? = nil) {
    (self.schedule, self.warmup) = (schedule, warmup)
    self.byEpoch = byEpoch ?? type(of: schedule).countsEpochs
    name = "\(policy)LrUpdaterHook"
    warmupIterations = warmup.map { $0.byEpoch ? nil : $0.duration } ?? 0
  }

  public var stages: Set<HookStage> { [.beforeRun, .beforeTrainEpoch, .beforeTrainIter] }

  public func beforeRun(_ runner: Runner) throws {
    let optimizer = try runner.requireOptimizer(name)
    try schedule.validate(runner.progress(byEpoch: byEpoch))
    let own = try schedule.baseValues(groups: optimizer.groups.count, optimizer: optimizer.name)
    // A resumed optimizer brings the initial rates along.
    optimizer.forEachGroup { index, group in
      if group.initialLearningRate == nil { group.initialLearningRate = own?[index] ?? group.learningRate }
    }
    base = own ?? optimizer.groups.map { $0.initialLearningRate ?? $0.learningRate }
  }

  public func beforeTrainEpoch(_ runner: Runner) throws {
    if warmupIterations == nil {
      warmupIterations = (warmup?.duration ?? 0) * (runner.source?.batchCount ?? 0)
    }
    guard byEpoch else { return }
    try computeRegular(runner)
    try set(regular, runner)
  }

  public func beforeTrainIter(_ runner: Runner) throws {
    guard let warmupIterations else {
      throw RunnerError("\(name): warmup_by_epoch=True needs an EpochBasedRunner")
    }
    let iteration = runner.iteration
    if !byEpoch {
      try computeRegular(runner)
      let isWarm = warmup == nil || iteration >= warmupIterations
      try set(isWarm ? regular : warm(iteration, warmupIterations), runner)
    } else if warmup != nil, iteration <= warmupIterations {
      try set(iteration == warmupIterations ? regular : warm(iteration, warmupIterations), runner)
    }
  }

  private func computeRegular(_ runner: Runner) throws {
    let progress = runner.progress(byEpoch: byEpoch)
    regular = try base.map { try schedule.value($0, at: progress) }
  }

  private func warm(_ iteration: Int, _ iterations: Int) -> [Double] {
    guard let warmup else { return regular }
    return zip(regular, base).map { regular, base in
      schedule.warmupValue(base, iteration: iteration, warmup: warmup, iterations: iterations)
        ?? regular * warmup.factor(at: iteration, of: iterations)
    }
  }

  private func set(_ rates: [Double], _ runner: Runner) throws {
    let optimizer = try runner.requireOptimizer(name)
    guard rates.count == optimizer.groups.count else { return }
    optimizer.forEachGroup { $1.learningRate = rates[$0] }
  }
}
