/// A hook of the original that has nothing to do here: there is one process and no cache of a device.
public final class NoEffectHook: Hook {
  public let name: String
  public let stages: Set<HookStage>

  /// - Precondition: `name` is one of `names`.
  public init(_ name: String) {
    guard let stages = Self.known[name] else {
      preconditionFailure("NoEffectHook: one of \(Self.names), found \(name)")
    }
    (self.name, self.stages) = (name, stages)
  }

  private static let beforeEpochs: Set<HookStage> = [.beforeTrainEpoch, .beforeValEpoch]
  private static let afterEpochs: Set<HookStage> = [.afterTrainEpoch, .afterValEpoch]
  /// Emptying caches of a device; seeds of distributed samplers; exchanging statistics and sizes between processes.
  private static let known: [String: Set<HookStage>] = [
    "DistSamplerSeedHook": beforeEpochs,
    "EmptyCacheHook": beforeEpochs.union(afterEpochs).union([.afterTrainIter, .afterValIter]),
    "SyncBuffersHook": afterEpochs,
    "SyncNormHook": [.beforeTrainEpoch, .afterTrainEpoch],
    "SyncRandomSizeHook": [.afterTrainIter],
  ]
  static let names = known.keys.sorted()

  public func beforeTrainEpoch(_ runner: Runner) throws {}
  public func afterTrainEpoch(_ runner: Runner) throws {}
  public func beforeValEpoch(_ runner: Runner) throws {}
  public func afterValEpoch(_ runner: Runner) throws {}
  public func afterTrainIter(_ runner: Runner) throws {}
  public func afterValIter(_ runner: Runner) throws {}
}
