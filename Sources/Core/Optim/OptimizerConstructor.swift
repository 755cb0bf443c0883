import OrderedCollections
import PyConfig

/// Divides a model's parameters into groups and sets each group's options.
public protocol OptimizerConstructor {
  /// - Parameters:
  ///   - options: what the groups start from.
  ///   - base: learning rate and weight decay as the config gives them; multipliers need them.
  func groups(for model: Module, options: any OptimizerOptions, base: OptimizerBase) throws
    -> [ParameterGroup]
}

/// The learning rate and the weight decay that a config states, `nil` where it leaves them to the optimizer.
public struct OptimizerBase {
  public var learningRate: Double?
  public var weightDecay: Double?

  public init(learningRate: Double?, weightDecay: Double?) {
    (self.learningRate, self.weightDecay) = (learningRate, weightDecay)
  }
}

/// Builds what `optimizer = dict(type='SGD', lr=0.1, paramwise_cfg=dict(...), constructor='...')` describes.
///
/// - Throws: `BuildError` with file, line and key path.
public func buildOptimizer(
  _ node: ConfigNode, for model: Module, path: String = "optimizer", context: BuildContext
)
  throws -> Optimizer
{
  guard var entries = node.dictionary else {
    throw BuildError(.wrongType(expected: "dict", found: node.summary), path: path, location: node.location)
  }
  let constructorName = entries.entries.removeValue(forKey: "constructor")
  let paramwise = entries.entries.removeValue(forKey: "paramwise_cfg")
  let optimizerNode = ConfigNode(.dictionary(entries), at: node.location)
  let options = try context.registries.optimizers.build(optimizerNode, path: path, context: context)
  let base = OptimizerBase(
    learningRate: try entries["lr"].map { try Double(from: $0, at: "\(path).lr") },
    weightDecay: try entries["weight_decay"].map {
      try Optional<Double>(from: $0, at: "\(path).weight_decay")
    } ?? nil)

  // A constructor is a registry entry whose config is the `paramwise_cfg`.
  let inner: ConfigNode = if let paramwise, !paramwise.isNone { paramwise } else { [:] }
  let innerPath = "\(path).paramwise_cfg"
  guard var recipe = inner.dictionary else {
    throw BuildError(
      .wrongType(expected: "dict", found: inner.summary), path: innerPath, location: inner.location)
  }
  recipe["type"] = constructorName ?? "DefaultOptimizerConstructor"
  let recipeNode = ConfigNode(.dictionary(recipe), at: inner.location ?? node.location)
  let constructor = try context.registries.optimizerConstructors.build(
    recipeNode, path: innerPath, context: context)
  do {
    let groups = try constructor.groups(for: model, options: options, base: base)
    var seen: [ObjectIdentifier: Int] = [:]
    for (index, group) in groups.enumerated() {
      for parameter in group.parameters {
        if let other = seen.updateValue(index, forKey: ObjectIdentifier(parameter)) {
          throw InvalidConfig(
            "a parameter of shape \(parameter.shape) appears in the groups \(other) and \(index): "
              + "set bypass_duplicate=True for models that share parameters")
        }
      }
    }
    return options.makeOptimizer(groups)
  } catch let error as InvalidConfig {
    throw BuildError(.invalid(error.text), path: innerPath, location: recipeNode.location)
  }
}
