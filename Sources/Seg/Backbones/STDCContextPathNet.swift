import Core
import PyConfig

/// An `STDCNet` whose deep maps are refined and joined with its first.
///
/// Fan et al., "Rethinking BiSeNet", 2021 (<https://arxiv.org/abs/2104.13188>). Mirrors mmseg's `STDCContextPathNet`.
///
/// - Output: the first map, the refined ones from deep to shallow, and the fused one.
final class STDCContextPathNet: Module, Backbone, ConfiguredModule {
  struct Config: ConfigRecord {
    var backbone: ConfigNodeBox
    var lastChannels: [Int]
    var channels: Int
    var fusion: FusionConfig
    var mode: InterpolationMode
    var alignCorners: Bool
    var norm: NormConfig?
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      backbone = ConfigNodeBox(try reader.value("backbone_cfg"), path: reader.path("backbone_cfg"))
      lastChannels = try reader.positives("last_in_channels", default: [1024, 512], count: 2)
      channels = try reader.positive("out_channels", default: 128)
      fusion = try reader.value("ffm_cfg", default: FusionConfig())
      mode = try reader.value("upsample_mode", default: .nearest)
      alignCorners = try reader.value("align_corners", default: nil as Bool?) ?? false
      norm = try reader.value("norm_cfg", default: NormConfig.batchNorm as NormConfig?)
      initialization = try reader.initialization(default: [])
      try reader.check(norm, channels: [channels])
    }
  }

  /// The `ffm_cfg`.
  struct FusionConfig: ConfigRecord {
    var inChannels = 512
    var outChannels = 256
    var reduction = 4
    var norm: NormConfig? = .batchNorm
    var activation: ActivationConfig? = .relu

    init() {}

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positive("in_channels")
      outChannels = try reader.positive("out_channels")
      reduction = try reader.positive("scale_factor", default: 4)
      guard reduction <= outChannels else {
        throw reader.invalid(
          "must be at most out_channels, \(outChannels), found \(reduction)", key: "scale_factor")
      }
      norm = try reader.value("norm_cfg", default: norm)
      activation = try reader.value("act_cfg", default: activation)
    }
  }

  let backbone: any Backbone
  let arms: ModuleList<AttentionRefinement>
  let convs: ModuleList<ConvModule>
  let convAvg: ConvModule
  let ffm: FeatureFusion
  private let mode: InterpolationMode
  private let alignCorners: Bool
  let initialization: [InitConfig]

  init(_ config: Config, _ context: BuildContext) throws {
    guard let node = config.backbone.node else {
      throw InvalidConfig("backbone_cfg must be a backbone, found None")
    }
    backbone = try context.registries.backbones.build(node, path: config.backbone.path, context: context)
    let given = backbone.outputs.map(\.channels)
    guard given.count == 3, Array(given.reversed().prefix(2)) == config.lastChannels,
      given[0] + config.channels == config.fusion.inChannels
    else {
      throw InvalidConfig(
        "the inner backbone must give three feature maps; last_in_channels are those of the last two from the last, and "
          + "ffm_cfg.in_channels those of the first and out_channels; found \(given), \(config.lastChannels), "
          + "\(config.fusion.inChannels)")
    }
    let style = ConvStyle(norm: config.norm, activation: .relu)
    arms = ModuleList(config.lastChannels.map { AttentionRefinement($0, config.channels) })
    convs = ModuleList(
      config.lastChannels.map { _ in style.make(config.channels, config.channels, kernel: 3, padding: 1) })
    convAvg = style.make(config.lastChannels[0], config.channels, kernel: 1)
    ffm = FeatureFusion(config.fusion)
    (mode, alignCorners, initialization) = (config.mode, config.alignCorners, config.initialization)
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    let maps = backbone(x)
    func enlarged(_ x: Tensor, like other: Tensor) -> Tensor {
      x.interpolate(size: Pair(h: other.shape[2], w: other.shape[3]), mode: mode, alignCorners: alignCorners)
    }
    var context = enlarged(convAvg(maps[2].globalAvgPool2d()), like: maps[2])
    var refined: [Tensor] = []
    for (index, (arm, conv)) in zip(arms, convs).enumerated() {
      context = conv(enlarged(arm(maps[2 - index]) + context, like: maps[1 - index]))
      refined.append(context)
    }
    return [maps[0]] + refined + [ffm(maps[0], refined[1])]
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// Joins two maps and scales the result's channels. Mirrors mmseg's `FeatureFusionModule` of STDC.
  final class FeatureFusion: Module {
    let conv0: ConvModule
    let attention: Sequential

    init(_ config: FusionConfig) {
      let (channels, middle) = (config.outChannels, config.outChannels / config.reduction)
      conv0 = ConvModule(
        config.inChannels, channels, kernel: 1, norm: config.norm, activation: config.activation)
      attention = Sequential([
        AdaptiveAvgPool2d(1),
        ConvModule(channels, middle, kernel: 1, bias: false, activation: config.activation),
        ConvModule(middle, channels, kernel: 1, bias: false, activation: nil), Activation(.sigmoid),
      ])
    }

    func callAsFunction(_ spatial: Tensor, _ context: Tensor) -> Tensor {
      let x = conv0(.concatenate([spatial, context], axis: 1))
      return x * attention(x) + x
    }
  }
}
