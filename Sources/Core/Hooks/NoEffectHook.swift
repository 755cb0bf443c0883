/// A hook of the original that has nothing to do here: there is one process and no cache of a device.
public final class NoEffectHook: Hook {
  public let name: String

  public init(_ name: String) { self.name = name }

  public var stages: Set<HookStage> { [] }

  /// Emptying caches of a device; seeds of distributed samplers; exchanging statistics between processes.
  static let names = [
    "DistSamplerSeedHook", "EmptyCacheHook", "SyncBuffersHook", "SyncNormHook", "SyncRandomSizeHook",
  ]
}
