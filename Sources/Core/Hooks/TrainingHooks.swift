import Logging
import OrderedCollections
import PyConfig

/// The parts of a config that describe the hooks of a training, with their key paths for errors.
public struct TrainingHooksConfig {
  public var learningRate: ConfigNode?
  public var optimizer: ConfigNode?
  public var checkpoint: ConfigNode?
  public var log: ConfigNode?
  public var momentum: ConfigNode?
  public var custom: ConfigNode?

  /// Takes `lr_config`, `optimizer_config`, `checkpoint_config`, `log_config`, `momentum_config` and `custom_hooks`
  /// out of a whole config.
  public init(_ config: ConfigNode) {
    func node(_ key: String) -> ConfigNode? {
      // A bare `nil` would be the value `None`.
      guard let node = config[key], !node.isNone else { return Optional.none }
      return node
    }
    learningRate = node("lr_config")
    optimizer = node("optimizer_config")
    checkpoint = node("checkpoint_config")
    log = node("log_config")
    momentum = node("momentum_config")
    custom = node("custom_hooks")
  }
}

extension Runner {
  /// Registers the hooks that a config describes, with mmcv's priorities and in its order.
  ///
  /// For a run by iterations, schedules, checkpoints and loggers count iterations unless the config says otherwise.
  /// - Throws: `BuildError` with file, line and key path.
  public func registerTrainingHooks(_ config: TrainingHooksConfig, context: BuildContext) throws {
    let hooks = context.registries.hooks
    func build(_ node: ConfigNode, _ path: String, defaults: OrderedDictionary<String, ConfigNode> = [:])
      throws
      -> any Hook
    {
      try hooks.build(try node.settingDefaults(defaults, path: path), path: path, context: context)
    }
    let byIteration: OrderedDictionary<String, ConfigNode> = isEpochBased ? [:] : ["by_epoch": false]

    if let node = config.learningRate {
      let recipe = try policyNode(node, "LrUpdaterHook", path: "lr_config", role: "lr policy", hooks)
      register(try build(recipe, "lr_config", defaults: byIteration), priority: .veryHigh)
    }
    if let node = config.momentum {
      let role = "momentum policy"
      let recipe = try policyNode(node, "MomentumUpdaterHook", path: "momentum_config", role: role, hooks)
      register(try build(recipe, "momentum_config"), priority: .high)
    }
    if let node = config.optimizer {
      let hook = try build(node, "optimizer_config", defaults: ["type": "OptimizerHook"])
      if hook.name.contains("Fp16") {
        logger.info("\(hook.name): half precision is not used here, training is in single precision")
      }
      register(hook, priority: .aboveNormal)
    }
    if let node = config.checkpoint {
      let defaults = byIteration.merging(["type": "CheckpointHook"]) { $1 }
      register(try build(node, "checkpoint_config", defaults: defaults), priority: .normal)
    }
    register(IterTimerHook(), priority: .low)
    if let node = config.log {
      var reader = try ConfigReader(node, path: "log_config")
      let interval: ConfigNode = try reader.value("interval")
      let loggers: [ConfigNode] = try reader.value("hooks")
      try reader.finish()
      for (index, logger) in loggers.enumerated() {
        let defaults = byIteration.merging(["interval": interval]) { $1 }
        register(try build(logger, "log_config.hooks.\(index)", defaults: defaults), priority: .veryLow)
      }
    }
    for (index, node) in (config.custom?.items ?? config.custom.map { [$0] } ?? []).enumerated() {
      let path = "custom_hooks.\(index)"
      guard var entries = node.dictionary else {
        throw BuildError(
          .wrongType(expected: "dict", found: node.summary), path: path, location: node.location)
      }
      let priority = entries.entries.removeValue(forKey: "priority")
      let hook = try build(ConfigNode(.dictionary(entries), at: node.location), path)
      register(
        hook, priority: try priority.map { try HookPriority(from: $0, at: "\(path).priority") } ?? .normal)
    }
  }

  /// Registers the evaluation that `evaluation = dict(...)` describes, behind the timer (priority `LOW`).
  ///
  /// - Parameter makeEvaluator: gets the keys that are not the hook's own (`metric`, `metric_options`).
  public func registerEvaluation(
    _ node: ConfigNode?, path: String = "evaluation",
    makeEvaluator: (OrderedDictionary<String, ConfigNode>) throws -> any Evaluator
  ) throws {
    let given: ConfigNode = if let node, !node.isNone { node } else { [:] }
    let node = try given.settingDefaults([:], path: path)
    var reader = try ConfigReader(node, path: path)
    var options = try EvalHook.Options(from: &reader)
    options.byEpoch = isEpochBased
    let rest = reader.takeRest()
    do {
      register(try EvalHook(options, evaluator: makeEvaluator(rest)), priority: .low)
    } catch let error as InvalidConfig {
      throw BuildError(.invalid(error.text), path: path, location: node.location)
    }
  }
}

/// Turns `policy='step'` into `type='StepLrUpdaterHook'`: names in lower case are capitalised.
private func policyNode(
  _ node: ConfigNode, _ suffix: String, path: String, role: String, _ hooks: Registry<any Hook>
) throws -> ConfigNode {
  guard var entries = node.dictionary else {
    throw BuildError(.wrongType(expected: "dict", found: node.summary), path: path, location: node.location)
  }
  guard let given = entries.entries.removeValue(forKey: "policy") else {
    throw BuildError(.missingKey("policy"), path: path, location: node.location)
  }
  let text = try String(from: given, at: "\(path).policy")
  let policy = text == text.lowercased() ? titleCase(text) : text
  let known = hooks.names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
  guard known.contains(policy) else {
    throw BuildError(
      .unknownName(text, role: role, known: known), path: "\(path).policy", location: given.location)
  }
  entries["type"] = ConfigNode(.string(policy + suffix), at: given.location)
  return ConfigNode(.dictionary(entries), at: node.location)
}

/// Python's `str.title()`: the first letter of each run of letters in upper case.
private func titleCase(_ text: String) -> String {
  var result = ""
  var startsWord = true
  for character in text {
    result += startsWord ? character.uppercased() : character.lowercased()
    startsWord = !character.isLetter
  }
  return result
}

extension ConfigNode {
  /// The dictionary with `defaults` for keys that it lacks.
  fileprivate func settingDefaults(_ defaults: OrderedDictionary<String, ConfigNode>, path: String) throws
    -> ConfigNode
  {
    guard var entries = dictionary else {
      throw BuildError(.wrongType(expected: "dict", found: summary), path: path, location: location)
    }
    for (key, value) in defaults where entries[key] == nil { entries[key] = value }
    return ConfigNode(.dictionary(entries), at: location)
  }
}
