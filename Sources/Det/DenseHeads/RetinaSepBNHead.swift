import Core
import PyConfig

/// `RetinaHead` whose convolutions are shared by the levels and whose norms are not. Mirrors mmdet's `RetinaSepBNHead`
/// (Ghiasi et al., 2019, <https://arxiv.org/abs/1904.07392>).
public final class RetinaSepBNHead: AnchorHead {
  public struct Config: ConfigRecord, Sendable {
    var anchors: AnchorHeadConfig
    var stack: ConvStackConfig
    var levels: Int

    public init(from reader: inout ConfigReader) throws {
      levels = try reader.value("num_ins")
      guard (1...100).contains(levels) else {
        throw reader.invalid("must be in 1...100, found \(levels)", key: "num_ins")
      }
      stack = try ConvStackConfig(from: &reader)
      var defaults = AnchorHeadConfig.Defaults()
      defaults.initialization = []
      if let node = reader.node("init_cfg"), !node.isNone {
        throw reader.invalid("must not be set: the head has a rule of its own", key: "init_cfg")
      }
      anchors = try AnchorHeadConfig(from: &reader, defaults)
    }
  }

  let clsConvs: ModuleList<ModuleList<ConvModule>>
  let regConvs: ModuleList<ModuleList<ConvModule>>
  let retinaCls, retinaReg: Conv2d

  public init(_ config: Config, _ context: BuildContext) throws {
    let parts = try AnchorHeadParts(config.anchors, context)
    let (input, width) = (config.anchors.inChannels, config.anchors.featChannels)
    try config.stack.check(width)
    func stacks() -> ModuleList<ModuleList<ConvModule>> {
      let first = config.stack.make(input, width)
      return ModuleList(
        [first]
          + (1..<config.levels).map { _ in
            ModuleList(first.map { ConvModule(sharing: $0, norm: config.stack.norm) })
          })
    }
    clsConvs = stacks()
    regConvs = stacks()
    retinaCls = Conv2d(width, parts.priors * parts.scoreChannels, kernel: 3, padding: 1)
    retinaReg = Conv2d(width, parts.priors * 4, kernel: 3, padding: 1)
    super.init(parts)
  }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var outputs = DenseOutputs(scores: [], boxes: [])
    for (level, x) in features.prefix(clsConvs.count).enumerated() {
      outputs.scores.append(retinaCls(clsConvs[level](x)))
      outputs.boxes.append(retinaReg(regConvs[level](x)))
    }
    return outputs
  }

  public override func applyInitialization(using generator: inout RandomGenerator) {
    for module in Array(clsConvs[0]) + Array(regConvs[0]) {
      Init.normal(module.conv.weight, standardDeviation: 0.01, using: &generator)
      if let bias = module.conv.bias { Init.constant(bias, 0) }
    }
    for (conv, bias) in [(retinaCls, Init.bias(forProbability: 0.01)), (retinaReg, 0)] {
      Init.normal(conv.weight, standardDeviation: 0.01, using: &generator)
      if let parameter = conv.bias { Init.constant(parameter, bias) }
    }
  }
}
