/// A module that has an `init_cfg`: rules for the values from which training starts, or a file with weights.
///
/// As in mmcv, a module's rules come before those of the modules in it, which have the last word.
public protocol ConfiguredModule: Module {
  var initialization: [InitConfig] { get }
  /// Applies the module's rules to layers that have their first values already.
  func applyInitialization(using generator: inout RandomGenerator)
}

extension ConfiguredModule {
  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
  }

  /// Whether the weights come from a file.
  public var startsFromFile: Bool { initialization.contains(where: \.isPretrained) }
}

extension Module {
  /// Checks that the parts which the rules of this module and of those below it override are there.
  ///
  /// - Throws: `InvalidConfig` that names the missing part.
  public func checkInitialization() throws {
    try forEachModule { key, module in
      guard let configured = module as? any ConfiguredModule else { return }
      let known = module.members.children.map(\.key)
      for name in configured.initialization.flatMap(\.overrides).map(\.name) where !known.contains(name) {
        throw InvalidConfig(
          "init_cfg.override: \(type(of: module))\(key.isEmpty ? "" : " (\(key))") has no part '\(name)'; "
            + "it has \(known.joined(separator: ", "))")
      }
    }
  }
}
