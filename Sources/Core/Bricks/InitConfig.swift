import PyConfig

/// An `init_cfg`: a rule for the values from which training starts, and the layers that it applies to.
///
/// Mirrors mmcv's initializers `Constant`, `Xavier`, `Normal`, `TruncNormal`, `Uniform`, `Kaiming`, `Caffe2Xavier` and
/// `Pretrained`, with `layer`, `bias`, `bias_prob` and `override`.
public struct InitConfig: Sendable {
  public enum Rule: Sendable, Equatable {
    case constant(Double)
    case xavier(gain: Double, Init.Distribution)
    case normal(mean: Double, std: Double)
    case truncatedNormal(mean: Double, std: Double, low: Double, high: Double)
    case uniform(low: Double, high: Double)
    case kaiming(a: Double, Init.FanMode, Init.Nonlinearity, Init.Distribution)
    case caffe2Xavier
    /// Weights from a file, of which only keys that begin with `prefix` are used.
    case pretrained(checkpoint: String, prefix: String?)
  }

  public var rule: Rule
  /// Class names of layers, PyTorch's; with none the rule applies to overrides only.
  public var layers: [String]
  /// The value of biases.
  public var bias: Double
  /// Rules for single children, by attribute name.
  public var overrides: [(name: String, config: InitConfig)]

  public init(
    _ rule: Rule, layers: [String] = [], bias: Double = 0,
    overrides: [(name: String, config: InitConfig)] = []
  ) {
    (self.rule, self.layers, self.bias, self.overrides) = (rule, layers, bias, overrides)
  }

  /// mmcv's default form of Kaiming's rule: normal, `fan_out`, for rectifiers.
  public static func kaiming(layers: [String]) -> InitConfig {
    InitConfig(.kaiming(a: 0, .fanOut, .relu, .normal), layers: layers)
  }

  public static func constant(_ value: Double, layers: [String]) -> InitConfig {
    InitConfig(.constant(value), layers: layers)
  }

  public static func normal(std: Double, layers: [String]) -> InitConfig {
    InitConfig(.normal(mean: 0, std: std), layers: layers)
  }

  public static func pretrained(_ checkpoint: String, prefix: String? = nil) -> InitConfig {
    InitConfig(.pretrained(checkpoint: checkpoint, prefix: prefix))
  }

  /// Whether weights come from a file.
  public var isPretrained: Bool {
    if case .pretrained = rule { true } else { false }
  }

  /// Applies the rule to all layers of its kinds below `module` (itself included), then the overrides.
  ///
  /// `Pretrained` rules are left to the loading of checkpoints.
  public func apply(to module: Module, using generator: inout RandomGenerator) {
    module.forEachModule { _, layer in
      if !Set(layers).isDisjoint(with: layer.classNames) { fill(layer, using: &generator) }
    }
    for (name, config) in overrides {
      // An override takes the whole child, whatever kinds of layers are in it.
      for (key, child) in module.members.children where key == name {
        child.forEachModule { _, layer in config.fill(layer, using: &generator) }
      }
    }
  }

  /// Sets the parameters `weight` and `bias` of one layer.
  private func fill(_ layer: Module, using generator: inout RandomGenerator) {
    for (key, parameter) in layer.members.parameters {
      if key == "bias" { Init.constant(parameter, bias) }
      guard key == "weight" else { continue }
      switch rule {
      case .constant(let value): Init.constant(parameter, value)
      case .normal(let mean, let std):
        Init.normal(parameter, mean: mean, standardDeviation: std, using: &generator)
      case .truncatedNormal(let mean, let std, let low, let high):
        Init.truncatedNormal(
          parameter, mean: mean, standardDeviation: std, low: low, high: high, using: &generator)
      case .uniform(let low, let high): Init.uniform(parameter, low: low, high: high, using: &generator)
      case .pretrained: break
      case .xavier, .kaiming, .caffe2Xavier:
        // These count connections, which a scale of one axis does not have.
        guard parameter.shape.count >= 2 else { continue }
        fillScaled(parameter, using: &generator)
      }
    }
  }

  private func fillScaled(_ parameter: Parameter, using generator: inout RandomGenerator) {
    switch rule {
    case .xavier(let gain, let distribution):
      Init.xavier(parameter, gain: gain, distribution: distribution, using: &generator)
    case .kaiming(let a, let mode, let nonlinearity, let distribution):
      Init.kaiming(
        parameter, a: a, mode: mode, nonlinearity: nonlinearity, distribution: distribution, using: &generator
      )
    case .caffe2Xavier: Init.caffe2Xavier(parameter, using: &generator)
    case .constant, .normal, .truncatedNormal, .uniform, .pretrained: break
    }
  }
}

extension Module {
  /// The names by which an `init_cfg` can mean this layer: of its PyTorch class and of that class's bases.
  var classNames: Set<String> {
    switch self {
    // Only a class and its direct bases count.
    case is ConvWS2d: ["ConvWS2d", "Conv2d"]
    case is SAConv2d: ["SAConv2d", "ConvAWS2d"]
    case is ConvAWS2d: ["ConvAWS2d", "Conv2d"]
    case is DeformConv2dPack: ["DeformConv2dPack", "DeformConv2d"]
    case is ModulatedDeformConv2dPack: ["ModulatedDeformConv2dPack", "ModulatedDeformConv2d"]
    case is Conv2d: ["Conv2d", "_ConvNd"]
    case is ConvTranspose2d: ["ConvTranspose2d", "_ConvTransposeNd"]
    case is BatchNorm2d: ["BatchNorm2d", "_BatchNorm", "SyncBatchNorm"]
    case is BatchNorm1d: ["BatchNorm1d", "_BatchNorm"]
    case is GroupNorm: ["GroupNorm"]
    case is LayerNorm: ["LayerNorm"]
    case is LayerNorm2d: ["LayerNorm2d", "LayerNorm"]
    case is InstanceNorm2d: ["InstanceNorm2d", "_InstanceNorm"]
    case is Linear: ["Linear"]
    case is Embedding: ["Embedding"]
    default: [String(describing: type(of: self))]
    }
  }
}
