import Core
import PyConfig

/// Three branches: the whole picture through few layers, a half of its size through more, a quarter through all.
///
/// Zhao et al., "ICNet", 2017 (<https://arxiv.org/abs/1704.08545>). Mirrors mmseg's `ICNet`; the last two branches
/// share the layers of a residual network with a deep stem.
///
/// - Output: one map a branch, at strides 8, 16 and 32.
final class ICNet: Module, SizedBackbone, ConfiguredModule {
  struct Config: ConfigRecord {
    var backbone: ConfigNodeBox
    var inChannels: Int
    /// Of the residual network's second and fourth stage.
    var layerChannels: [Int]
    var lightChannels: Int
    var pyramidChannels: Int
    var outChannels: [Int]
    var scales: [Int]
    var style: ConvStyle
    var alignCorners: Bool
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      backbone = ConfigNodeBox(try reader.value("backbone_cfg"), path: reader.path("backbone_cfg"))
      inChannels = try reader.positive("in_channels", default: 3)
      layerChannels = try reader.positives("layer_channels", default: [512, 2048], count: 2)
      lightChannels = try reader.positive("light_branch_middle_channels", default: 32)
      pyramidChannels = try reader.positive("psp_out_channels", default: 512)
      outChannels = try reader.positives("out_channels", default: [64, 256, 256], count: 3)
      scales = try reader.positives("pool_scales", default: [1, 2, 3, 6])
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .relu)
      try reader.check(style.norm, channels: outChannels + [lightChannels, pyramidChannels])
      alignCorners = try reader.value("align_corners", default: false)
      initialization =
        try reader.optional("init_cfg", as: OneOrMany<InitConfig>.self)?.elements ?? [
          .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm"]),
          // The original means the deviation and writes the mean.
          InitConfig(.normal(mean: 0.01, std: 1), layers: ["Linear"]),
        ]
    }
  }

  let backbone: any Backbone
  let pspModules: PyramidPooling
  let pspBottleneck: ConvModule
  @Named var branch1: Sequential
  @Named var branch2: ConvModule
  @Named var branch4: ConvModule
  private let parts: Parts
  private let alignCorners: Bool
  let initialization: [InitConfig]

  /// The layers of the residual network, which take turns with resizing.
  private final class Parts {
    let stem: any UnaryModule
    let stages: [any UnaryModule]

    init(_ backbone: any Backbone, channels: [Int]) throws {
      let children = Dictionary(backbone.namedModules.map { ($0.key, $0.module) }) { first, _ in first }
      func part(_ name: String) throws -> any UnaryModule {
        guard let part = children[name] as? any UnaryModule else {
          throw InvalidConfig(
            "the inner backbone must be a residual network with a deep stem: it has no part '\(name)'")
        }
        return part
      }
      stem = try part("stem")
      stages = try (1...4).map { try part("layer\($0)") }
      let given = backbone.outputs.map(\.channels)
      guard given.count == 4, [given[1], given[3]] == channels else {
        throw InvalidConfig(
          "layer_channels must be those of the inner backbone's stages, \(given), found \(channels)")
      }
    }
  }

  init(_ config: Config, _ context: BuildContext) throws {
    guard let node = config.backbone.node else {
      throw InvalidConfig("backbone_cfg must be a backbone, found None")
    }
    backbone = try context.registries.backbones.build(node, path: config.backbone.path, context: context)
    parts = try Parts(backbone, channels: config.layerChannels)
    let (style, deep) = (config.style, config.layerChannels[1])
    // The branches themselves end in rectifiers whatever act_cfg says.
    let branch = ConvStyle(conv: style.conv, norm: style.norm, activation: .relu)
    pspModules = PyramidPooling(
      scales: config.scales, deep, config.pyramidChannels, style, alignCorners: config.alignCorners)
    pspBottleneck = style.make(
      deep + config.scales.count * config.pyramidChannels, config.pyramidChannels, kernel: 3, padding: 1)
    let widths = [config.inChannels, config.lightChannels, config.lightChannels, config.outChannels[0]]
    _branch1 = Named(
      "conv_sub1",
      Sequential((0..<3).map { branch.make(widths[$0], widths[$0 + 1], kernel: 3, stride: 2, padding: 1) }))
    _branch2 = Named("conv_sub2", branch.make(config.layerChannels[0], config.outChannels[1], kernel: 1))
    _branch4 = Named("conv_sub4", branch.make(config.pyramidChannels, config.outChannels[2], kernel: 1))
    (alignCorners, initialization) = (config.alignCorners, config.initialization)
  }

  func check(height: Int, width: Int) throws {
    guard height >= 32, width >= 32 else {
      throw InvalidConfig("ICNet takes pictures of 32x32 at least, found \(height)x\(width)")
    }
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    func halved(_ x: Tensor) -> Tensor {
      x.interpolate(scaleFactor: 0.5, mode: .bilinear, alignCorners: alignCorners)
    }
    let pooled = parts.stem(halved(x)).maxPool2d(3, stride: 2, padding: 1, ceilMode: true)
    let half = parts.stages[1](parts.stages[0](pooled))
    let quarter = parts.stages[3](parts.stages[2](halved(half)))
    let deep = pspBottleneck(.concatenate(pspModules(quarter) + [quarter], axis: 1))
    return [branch1(x), branch2(half), branch4(deep)]
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// The inner network's rules have the last word.
  func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if !startsFromFile { (backbone as? any ConfiguredModule)?.applyInitialization(using: &generator) }
  }
}
