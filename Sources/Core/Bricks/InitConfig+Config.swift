import PyConfig

extension Init.Distribution: ConfigDecodable {}
extension Init.FanMode: ConfigDecodable {}
extension Init.Nonlinearity: ConfigDecodable {}

extension InitConfig: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    switch type {
    case "Constant", "ConstantInit":
      rule = .constant(try reader.value("val"))
    case "Xavier", "XavierInit":
      rule = .xavier(
        gain: try reader.value("gain", default: 1), try reader.value("distribution", default: .normal))
    case "Normal", "NormalInit":
      rule = .normal(mean: try reader.value("mean", default: 0), std: try reader.value("std", default: 1))
    case "TruncNormal", "TruncNormalInit":
      rule = .truncatedNormal(
        mean: try reader.value("mean", default: 0), std: try reader.value("std", default: 1),
        low: try reader.value("a", default: -2), high: try reader.value("b", default: 2))
    case "Uniform", "UniformInit":
      rule = .uniform(low: try reader.value("a", default: 0), high: try reader.value("b", default: 1))
    case "Kaiming", "KaimingInit":
      rule = .kaiming(
        a: try reader.value("a", default: 0), try reader.value("mode", default: .fanOut),
        try reader.value("nonlinearity", default: .relu), try reader.value("distribution", default: .normal))
    case "Caffe2Xavier", "Caffe2XavierInit":
      rule = .caffe2Xavier
    case "Pretrained", "PretrainedInit":
      rule = .pretrained(checkpoint: try reader.value("checkpoint"), prefix: try reader.optional("prefix"))
      reader.ignore("map_location")
    default:
      throw BuildError(
        .unknownName(
          type, role: "initializer",
          known: [
            "Caffe2Xavier", "Constant", "Kaiming", "Normal", "Pretrained", "TruncNormal", "Uniform", "Xavier",
          ]), path: reader.path("type"), location: reader.location)
    }
    layers = try reader.optional("layer", as: OneOrMany<String>.self)?.elements ?? []
    bias = try reader.value("bias", default: 0)
    if let probability: Double = try reader.optional("bias_prob") {
      guard probability > 0, probability < 1 else {
        throw reader.invalid("must be between 0 and 1, found \(probability)", key: "bias_prob")
      }
      bias = Init.bias(forProbability: probability)
    }
    overrides = try reader.optional("override", as: OneOrMany<InitOverride>.self)?.elements.map(\.pair) ?? []
    for index in overrides.indices where overrides[index].config.usesParentRule {
      overrides[index].config.rule = rule
      overrides[index].config.bias = bias
    }
  }

  /// Set while reading for overrides that only name a child.
  fileprivate var usesParentRule: Bool { layers == [InitOverride.inherits] }
}

/// `dict(name=..., type=..., ...)`: a rule for one child; without a `type` the rule that it overrides.
private struct InitOverride: ConfigRecord {
  static let inherits = "<parent>"
  var pair: (name: String, config: InitConfig)

  init(from reader: inout ConfigReader) throws {
    let name: String = try reader.value("name")
    if reader.has("type") {
      pair = (name, try InitConfig(from: &reader))
    } else {
      pair = (name, InitConfig(.constant(0), layers: [Self.inherits]))
    }
  }
}

extension ConfigReader {
  /// The rules under `init_cfg`: one or several; `standard` when the key is missing. `None` means no rules: the layers
  /// keep PyTorch's first values.
  public mutating func initialization(default standard: [InitConfig]) throws -> [InitConfig] {
    guard let node = node("init_cfg") else { return standard }
    return node.isNone ? [] : try OneOrMany<InitConfig>(from: node, at: path("init_cfg")).elements
  }
}

extension LossReduction: ConfigDecodable {}
