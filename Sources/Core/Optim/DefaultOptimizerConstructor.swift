import OrderedCollections
import PyConfig

/// One group a parameter, with multipliers by name and by kind of layer.
///
/// A parameter whose key contains one of `customKeys` takes that entry's multipliers and no others; of several such
/// keys the longest counts, of equally long ones the first in the alphabet. Without any rule all parameters are one
/// group. Mirrors mmcv's `DefaultOptimizerConstructor`, order of groups included.
public struct DefaultOptimizerConstructor: OptimizerConstructor, ConfigRecord {
  /// Multipliers for parameters whose key contains a given text.
  public struct CustomKey: ConfigRecord {
    public var learningRate = 1.0
    public var decay: Double?

    public init(learningRate: Double = 1, decay: Double? = nil) {
      (self.learningRate, self.decay) = (learningRate, decay)
    }

    public init(from reader: inout ConfigReader) throws {
      learningRate = try reader.value("lr_mult", default: 1)
      decay = try reader.optional("decay_mult")
      _ = reader.takeRest()
    }
  }

  public var customKeys: OrderedDictionary<String, CustomKey> = [:]
  /// For biases, but not those of normalisation layers and of the offsets of deformable convolutions.
  public var biasLearningRate: Double?
  /// For biases, but not those of normalisation layers, depth-wise convolutions and offsets.
  public var biasDecay: Double?
  /// For weights and biases of normalisation layers.
  public var normDecay: Double?
  /// For weights and biases of depth-wise convolutions.
  public var depthwiseDecay: Double?
  /// For weights and biases of the offset convolutions in deformable convolutions.
  public var offsetLearningRate: Double?
  /// Whether a parameter that was met before is left out, not an error.
  public var bypassesDuplicates = false
  /// Whether any rule was given; an empty `paramwise_cfg` means one group.
  public var hasRules = false

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    hasRules =
      reader.has("custom_keys") || reader.has("bias_lr_mult") || reader.has("bias_decay_mult")
      || reader.has("norm_decay_mult") || reader.has("dwconv_decay_mult") || reader.has("dcn_offset_lr_mult")
      || reader.has("bypass_duplicate")
    if let node = reader.node("custom_keys") {
      let path = reader.path("custom_keys")
      guard let entries = node.dictionary else {
        throw BuildError(
          .wrongType(expected: "dict", found: node.summary), path: path, location: node.location)
      }
      for (key, value) in entries.entries {
        customKeys[key] = try CustomKey(from: value, at: "\(path).\(key)")
      }
    }
    biasLearningRate = try reader.optional("bias_lr_mult")
    biasDecay = try reader.optional("bias_decay_mult")
    normDecay = try reader.optional("norm_decay_mult")
    depthwiseDecay = try reader.optional("dwconv_decay_mult")
    offsetLearningRate = try reader.optional("dcn_offset_lr_mult")
    bypassesDuplicates = try reader.value("bypass_duplicate", default: false)
  }

  public func groups(for model: Module, options: any OptimizerOptions, base: OptimizerBase) throws
    -> [ParameterGroup]
  {
    guard hasRules else { return [ParameterGroup(model.parameters, options: options)] }
    let needsDecay =
      biasDecay != nil || normDecay != nil || depthwiseDecay != nil
      || customKeys.values.contains { $0.decay != nil }
    if base.weightDecay == nil, needsDecay {
      throw InvalidConfig("multipliers of the weight decay need an explicit weight_decay in the optimizer")
    }
    var walk = Walk(rules: self, options: options, base: base)
    try walk.add(model, prefix: "", isInDeformable: false)
    return walk.groups
  }

  /// The state of one pass over a model.
  private struct Walk {
    let rules: DefaultOptimizerConstructor
    let options: any OptimizerOptions
    let base: OptimizerBase
    let sortedKeys: [String]
    var groups: [ParameterGroup] = []
    var seen = Set<ObjectIdentifier>()

    init(rules: DefaultOptimizerConstructor, options: any OptimizerOptions, base: OptimizerBase) {
      (self.rules, self.options, self.base) = (rules, options, base)
      // Python's order of strings, by code points, and its length, in code points.
      sortedKeys = rules.customKeys.keys.sorted { a, b in
        let (lengthA, lengthB) = (a.unicodeScalars.count, b.unicodeScalars.count)
        return lengthA != lengthB
          ? lengthA > lengthB : a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
      }
    }

    mutating func add(_ module: Module, prefix: String, isInDeformable: Bool) throws {
      let convolution = module as? any Convolution2dLayer
      let isDepthwise = convolution.map { $0.inChannels == $0.groups } ?? false
      let isNorm = module is any NormalizationLayer
      var own = Set<ObjectIdentifier>()
      for (name, parameter) in module.members.parameters
      where own.insert(ObjectIdentifier(parameter)).inserted {
        var group = ParameterGroup([parameter], options: options)
        guard parameter.requiresGradient else {
          groups.append(group)
          seen.insert(ObjectIdentifier(parameter))
          continue
        }
        if rules.bypassesDuplicates, seen.contains(ObjectIdentifier(parameter)) { continue }
        let key = "\(prefix).\(name)"
        if let custom = sortedKeys.first(where: { key.contains($0) }), let rule = rules.customKeys[custom] {
          group.learningRate = try learningRate(times: rule.learningRate)
          if let decay = base.weightDecay { group.weightDecay = decay * (rule.decay ?? 1) }
        } else {
          if name == "bias", !isNorm, !isInDeformable {
            group.learningRate = try learningRate(times: rules.biasLearningRate ?? 1)
          }
          if prefix.contains("conv_offset"), isInDeformable, convolution != nil {
            group.learningRate = try learningRate(times: rules.offsetLearningRate ?? 1)
          }
          if let decay = base.weightDecay {
            if isNorm {
              group.weightDecay = decay * (rules.normDecay ?? 1)
            } else if isDepthwise {
              group.weightDecay = decay * (rules.depthwiseDecay ?? 1)
            } else if name == "bias", !isInDeformable {
              group.weightDecay = decay * (rules.biasDecay ?? 1)
            }
          }
        }
        groups.append(group)
        seen.insert(ObjectIdentifier(parameter))
      }
      let isDeformable = module is any DeformableConvolutionLayer
      var children = Set<ObjectIdentifier>()
      for (name, child) in module.members.children where children.insert(ObjectIdentifier(child)).inserted {
        try add(child, prefix: prefix.isEmpty ? name : "\(prefix).\(name)", isInDeformable: isDeformable)
      }
    }

    private func learningRate(times multiplier: Double) throws -> Double {
      guard let rate = base.learningRate else {
        throw InvalidConfig("multipliers of the learning rate need an explicit lr in the optimizer")
      }
      return rate * multiplier
    }
  }
}
