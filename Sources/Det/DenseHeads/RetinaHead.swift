import Core
import PyConfig

/// Two stacks of convolutions over each level, one to classify anchors and one to move them.
///
/// Lin et al., 2017 (<https://arxiv.org/abs/1708.02002>). Mirrors mmdet's `RetinaHead`.
public class RetinaHead: AnchorHead {
  public struct Config: ConfigRecord, Sendable {
    var anchors: AnchorHeadConfig
    var stack: ConvStackConfig

    public init(from reader: inout ConfigReader) throws { try self.init(from: &reader, Self.defaults) }

    init(from reader: inout ConfigReader, _ defaults: AnchorHeadConfig.Defaults) throws {
      stack = try ConvStackConfig(from: &reader)
      anchors = try AnchorHeadConfig(from: &reader, defaults)
    }

    static var defaults: AnchorHeadConfig.Defaults {
      var defaults = AnchorHeadConfig.Defaults()
      defaults.anchorGenerator = [
        "type": "AnchorGenerator", "octave_base_scale": 4, "scales_per_octave": 3, "ratios": [0.5, 1.0, 2.0],
        "strides": [8, 16, 32, 64, 128],
      ]
      defaults.initialization = [.head(classifier: "retina_cls")]
      return defaults
    }
  }

  let clsConvs: ModuleList<ConvModule>
  let regConvs: ModuleList<ConvModule>
  let retinaCls: Conv2d
  let retinaReg: Conv2d

  public convenience init(_ config: Config, _ context: BuildContext) throws {
    try self.init(config, AnchorHeadParts(config.anchors, context))
  }

  init(_ config: Config, _ parts: AnchorHeadParts) throws {
    let (input, width) = (parts.config.inChannels, parts.config.featChannels)
    try config.stack.check(width)
    clsConvs = config.stack.make(input, width)
    regConvs = config.stack.make(input, width)
    retinaCls = Conv2d(width, parts.priors * parts.scoreChannels, kernel: 3, padding: 1)
    retinaReg = Conv2d(width, parts.priors * 4, kernel: 3, padding: 1)
    super.init(parts)
  }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var outputs = DenseOutputs(scores: [], boxes: [])
    for x in features {
      outputs.scores.append(retinaCls(clsConvs(x)))
      outputs.boxes.append(retinaReg(regConvs(x)))
    }
    return outputs
  }
}

/// A stack of 3x3 convolutions, as most heads have them: `stacked_convs`, `conv_cfg`, `norm_cfg`.
struct ConvStackConfig: Sendable {
  var depth: Int
  var conv: ConvConfig
  var norm: NormConfig?

  init(from reader: inout ConfigReader, norm standard: NormConfig? = nil) throws {
    depth = try reader.count("stacked_convs", default: 4)
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = reader.has("norm_cfg") ? try reader.optional("norm_cfg") : standard
  }

  func check(_ channels: Int) throws { try norm?.check(channels: [channels]) }

  /// - Parameters:
  ///   - last: another kind for the last convolution.
  ///   - bias: `nil` where only convolutions without a norm have one.
  func make(_ input: Int, _ width: Int, last: ConvConfig? = nil, bias: Bool? = nil) -> ModuleList<ConvModule>
  {
    ModuleList(
      (0..<depth).map { index in
        ConvModule(
          index == 0 ? input : width, width, kernel: 3, padding: 1, bias: bias,
          conv: index == depth - 1 ? last ?? conv : conv, norm: norm)
      })
  }
}

extension ModuleList<ConvModule> {
  /// One after the other.
  func callAsFunction(_ x: Tensor) -> Tensor { modules.reduce(x) { $1($0) } }
}

extension InitConfig {
  /// Normal with a small deviation, and a classifier that starts at probability 0.01.
  static func head(classifier: String) -> InitConfig {
    InitConfig(
      .normal(mean: 0, std: 0.01), layers: ["Conv2d"],
      overrides: [
        (classifier, InitConfig(.normal(mean: 0, std: 0.01), bias: Init.bias(forProbability: 0.01)))
      ])
  }
}
