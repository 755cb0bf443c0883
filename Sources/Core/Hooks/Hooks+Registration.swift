extension Registries {
  /// Hooks, schedules and loggers among them, by the names of their types.
  public var hooks: Registry<any Hook> {
    get { self[(any Hook).self, role: "hook"] }
    set { self[(any Hook).self, role: "hook"] = newValue }
  }
}

func registerHooks(_ registries: inout Registries) {
  registerSchedules(&registries.hooks)
  registries.hooks.register("CheckInvalidLossHook", CheckInvalidLossConfig.self) {
    CheckInvalidLossHook(interval: $0.interval)
  }
  registries.hooks.register("CheckpointHook", CheckpointHook.Options.self) { CheckpointHook($0) }
  registries.hooks.register("EMAHook", EMAHookConfig.self) {
    try EMAHook(
      rule: .warmup($0.warmup), momentum: $0.momentum, interval: $0.interval, resumesFrom: $0.resumesFrom)
  }
  registries.hooks.register("ExpMomentumEMAHook", EMAHookConfig.self) {
    try EMAHook(
      rule: .exponential(total: $0.total), momentum: $0.momentum, interval: $0.interval,
      averagesBuffers: !$0.skipsBuffers, resumesFrom: $0.resumesFrom)
  }
  registries.hooks.register("IterTimerHook", NoKeysConfig.self) { (_: NoKeysConfig) in IterTimerHook() }
  registries.hooks.register("LinearMomentumEMAHook", EMAHookConfig.self) {
    try EMAHook(
      rule: .linear($0.warmup), momentum: $0.momentum, interval: $0.interval,
      averagesBuffers: !$0.skipsBuffers,
      resumesFrom: $0.resumesFrom)
  }
  for name in ["OptimizerHook", "Fp16OptimizerHook", "DistOptimizerHook"] {
    registries.hooks.register(name, OptimizerHookConfig.self) {
      OptimizerHook(clip: $0.clip, detectsAnomalousParameters: $0.detectsAnomalousParameters, name: name)
    }
  }
  for name in ["GradientCumulativeOptimizerHook", "GradientCumulativeFp16OptimizerHook"] {
    registries.hooks.register(name, CumulativeOptimizerHookConfig.self) {
      GradientCumulativeOptimizerHook(
        iterations: $0.iterations, clip: $0.base.clip,
        detectsAnomalousParameters: $0.base.detectsAnomalousParameters, name: name)
    }
  }
  registries.hooks.register("TensorboardLoggerHook", TensorboardLoggerConfig.self) {
    TensorboardLoggerHook($0.base, directory: $0.directory)
  }
  registries.hooks.register("TextLoggerHook", TextLoggerConfig.self) {
    TextLoggerHook(
      $0.base, experimentInterval: $0.experimentInterval, outDirectory: $0.outDirectory,
      outSuffixes: $0.outSuffixes,
      keepsLocal: $0.keepsLocal)
  }
  for name in NoEffectHook.names {
    registries.hooks.register(name, AnyKeysConfig.self) { (_: AnyKeysConfig) in NoEffectHook(name) }
  }
  for name in foreignLoggers {
    registries.hooks.register(name, AnyKeysConfig.self) { (_: AnyKeysConfig) in
      throw InvalidConfig(
        "\(name) sends logs to a service that this program does not talk to: take it out, "
          + "TextLoggerHook and TensorboardLoggerHook write files")
    }
  }
}

/// Loggers for services.
private let foreignLoggers = [
  "ClearMLLoggerHook", "DvcliveLoggerHook", "MMClsWandbHook", "MMDetWandbHook", "MMSegWandbHook",
  "MlflowLoggerHook",
  "NeptuneLoggerHook", "PaviLoggerHook", "SegmindLoggerHook", "WandbLoggerHook",
]

private func registerSchedules(_ hooks: inout Registry<any Hook>) {
  func rate<Rule: Schedule>(_ policy: String, _: Rule.Type, scope: String? = nil) {
    hooks.register("\(policy)LrUpdaterHook", scope: scope, LrUpdaterConfig<Rule>.self) {
      LrUpdaterHook($0.schedule, policy: policy, byEpoch: $0.byEpoch, warmup: $0.warmup)
    }
  }
  func momentum<Rule: Schedule>(_ policy: String, _: Rule.Type) {
    hooks.register("\(policy)MomentumUpdaterHook", MomentumUpdaterConfig<Rule>.self) {
      MomentumUpdaterHook(.schedule($0.schedule), policy: policy, byEpoch: $0.byEpoch, warmup: $0.warmup)
    }
  }
  rate("CosineAnnealing", CosineAnnealingSchedule.self)
  rate("CosineAnnealingCooldown", CosineAnnealingCooldownSchedule.self)
  rate("CosineRestart", CosineRestartSchedule.self)
  rate("Cyclic", CyclicSchedule.self)
  rate("Exp", ExponentialSchedule.self)
  rate("Fixed", FixedSchedule.self)
  rate("FlatCosineAnnealing", FlatCosineAnnealingSchedule.self)
  rate("Inv", InverseSchedule.self)
  rate("LinearAnnealing", LinearAnnealingSchedule.self)
  rate("OneCycle", OneCycleSchedule.self)
  rate("Poly", PolySchedule.self)
  rate("Step", StepSchedule.self)
  rate("YOLOX", YOLOXSchedule.self)

  momentum("CosineAnnealing", CosineAnnealingSchedule.self)
  momentum("Cyclic", CyclicSchedule.self)
  momentum("LinearAnnealing", LinearAnnealingSchedule.self)
  momentum("Step", StepSchedule.self)
  hooks.register("OneCycleMomentumUpdaterHook", OneCycleMomentumConfig.self) {
    MomentumUpdaterHook(.oneCycle($0.cycle), policy: "OneCycle", warmup: $0.warmup)
  }
}
