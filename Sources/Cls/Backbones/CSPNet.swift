import Core

/// A network of cross stage partial stages, with the blocks of Darknet, ResNet or ResNeXt.
///
/// Wang et al., 2019 (<https://arxiv.org/abs/1911.11929>). Mirrors mmcls's `CSPDarkNet`, `CSPResNet` and `CSPResNeXt`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: the stages in `outIndices`.
public final class CSPNet: Module, Backbone, ConfiguredModule {
  public enum Block: Sendable {
    case darknet, resNet, resNeXt
  }

  public struct Stage: Sendable {
    var inChannels, outChannels, blocks: Int
    /// Channels at the entrance of the blocks, both halves together, for each that comes in.
    var expandRatio: Int
    /// How many times narrower the middle of a block is.
    var bottleRatio: Int
    var halves: Bool
  }

  public struct Config: Sendable {
    public var block: Block
    public var stages: [Stage]
    public var inChannels = 3
    public var hasDeepStem = false
    public var outIndices: [Int]
    /// Stages before and including this one are not trained; -1 freezes nothing.
    public var frozenStages = -1
    public var style = ConvStyle(norm: .batchNorm, activation: .function(.leakyReLU(slope: 0.01)))
    public var evaluatesNorm = false
    public var initialization: [InitConfig]

    init(_ block: Block) {
      self.block = block
      func stages(_ widths: [Int], _ blocks: [Int], expand: [Int], bottle: [Int], halvesFirst: Bool)
        -> [Stage]
      {
        blocks.indices.map {
          Stage(
            inChannels: widths[$0], outChannels: widths[$0 + 1], blocks: blocks[$0], expandRatio: expand[$0],
            bottleRatio: bottle[$0], halves: halvesFirst || $0 > 0)
        }
      }
      switch block {
      case .darknet:
        self.stages = stages(
          [32, 64, 128, 256, 512, 1024], [1, 2, 8, 8, 4], expand: [2, 1, 1, 1, 1], bottle: [2, 1, 1, 1, 1],
          halvesFirst: true)
        initialization = [
          InitConfig(.kaiming(a: 5.0.squareRoot(), .fanIn, .leakyReLU, .uniform), layers: ["Conv2d"])
        ]
      case .resNet:
        self.stages = stages(
          [64, 128, 256, 512, 1024], [3, 3, 5, 2], expand: [4, 4, 4, 4], bottle: [2, 2, 2, 2],
          halvesFirst: false)
        initialization = [.kaiming(layers: ["Conv2d"])]
      case .resNeXt:
        self.stages = stages(
          [64, 256, 512, 1024, 2048], [3, 3, 5, 2], expand: [4, 2, 2, 2], bottle: [4, 4, 4, 4],
          halvesFirst: false)
        initialization = [.kaiming(layers: ["Conv2d"])]
      }
      outIndices = [self.stages.count - 1]
    }
  }

  private let config: Config
  let stem: any UnaryModule
  let stages: Sequential
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let (style, width) = (config.style, config.stages[0].inChannels)
    if config.block == .darknet {
      // Here and in the stages the original leaves `conv_cfg` to the blocks.
      stem = ConvModule(
        config.inChannels, width, kernel: 3, padding: 1, norm: style.norm, activation: style.activation)
    } else if config.hasDeepStem {
      stem = Sequential([
        style.make(config.inChannels, width / 2, kernel: 3, stride: 2, padding: 1),
        style.make(width / 2, width / 2, kernel: 3, padding: 1),
        style.make(width / 2, width, kernel: 3, padding: 1),
      ])
    } else {
      stem = Sequential([
        style.make(config.inChannels, width, kernel: 7, stride: 2, padding: 3),
        MaxPool2d(3, stride: 2, padding: 1),
      ])
    }
    var shapes: [FeatureShape] = []
    var stride = config.block == .darknet ? 1 : config.hasDeepStem ? 2 : 4
    stages = Sequential(
      config.stages.map { stage in
        if stage.halves { stride *= 2 }
        shapes.append(FeatureShape(channels: stage.outChannels, stride: stride))
        return CSPStage(stage, config)
      })
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    stem(x).features(stages.layers, at: config.outIndices)
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    // Only `train` freezes, as in the original.
    if config.frozenStages >= 0 { stem.freeze() }
    for stage in stages.layers.prefix(config.frozenStages + 1) { stage.freeze() }
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if startsFromFile { return }
    // As in the original, where these put themselves back to their own rule.
    (stem as? ConvModule)?.initializeWeights(using: &generator)
    stages.forEachModule { _, module in (module as? ConvModule)?.initializeWeights(using: &generator) }
  }
}

/// Half of the channels go through blocks, half go around them.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H, W]`, or half the size
final class CSPStage: Module, UnaryModule {
  let downsampleConv: any UnaryModule
  let expandConv: ConvModule
  let blocks: Sequential
  // The name is the original's.
  let atferBlocksConv: ConvModule
  let finalConv: ConvModule

  init(_ stage: CSPNet.Stage, _ config: CSPNet.Config) {
    let isDarknet = config.block == .darknet
    let style = ConvStyle(norm: config.style.norm, activation: config.style.activation)
    // Darknet's stages grow where they halve the image.
    let width = isDarknet ? stage.outChannels : stage.inChannels
    downsampleConv =
      stage.halves
      ? ConvModule(
        stage.inChannels, width, kernel: 3, stride: 2, padding: 1, groups: config.block == .resNeXt ? 32 : 1,
        norm: style.norm, activation: style.activation) : Identity()
    let half = width * stage.expandRatio / 2
    expandConv = ConvModule(
      width, half * 2, kernel: 1, norm: style.norm, activation: isDarknet ? style.activation : nil)
    blocks = Sequential((0..<stage.blocks).map { _ in Self.block(half, stage, config) })
    atferBlocksConv = style.make(half, half, kernel: 1)
    finalConv = style.make(half * 2, stage.outChannels, kernel: 1)
  }

  private static func block(_ channels: Int, _ stage: CSPNet.Stage, _ config: CSPNet.Config)
    -> any UnaryModule
  {
    if config.block == .darknet {
      return DarknetBottleneck(
        channels, channels, expansion: 1 / Double(stage.bottleRatio), style: config.style)
    }
    var options = ResidualBlockOptions()
    (options.conv, options.norm) = (config.style.conv, config.style.norm ?? .batchNorm)
    options.activation = config.style.activation?.fused ?? .none
    options.expansion = stage.bottleRatio
    if config.block == .resNeXt {
      (options.groups, options.widthPerGroup, options.baseChannels) = (32, 4, 32)
    }
    return Bottleneck(channels, channels, downsample: nil, options)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let parts = expandConv(downsampleConv(x)).chunked(1, 2)
    return finalConv(Tensor.concatenate([parts[0], atferBlocksConv(blocks(parts[1]))], axis: 1))
  }
}

extension CSPNet.Config {
  /// Reads the keys of the three networks.
  ///
  /// - Throws: `BuildError`.
  init(_ block: CSPNet.Block, from reader: inout ConfigReader) throws {
    self.init(block)
    let (depth, known): (Int, Int) = (try reader.value("depth"), block == .darknet ? 53 : 50)
    guard depth == known else { throw reader.invalid("must be \(known), found \(depth)", key: "depth") }
    inChannels = try reader.value("in_channels", default: 3)
    guard (1...65536).contains(inChannels) else {
      throw reader.invalid("must be in 1...65536, found \(inChannels)", key: "in_channels")
    }
    outIndices = try reader.outIndices(default: outIndices, count: stages.count, wraps: true)
    frozenStages = try reader.frozenStages(default: -1, in: -1...(stages.count - 1))
    if block != .darknet { hasDeepStem = try reader.value("deep_stem", default: false) }
    style = try ConvStyle(from: &reader, norm: style.norm, activation: style.activation)
    guard block == .darknet || style.activation?.fused != nil, style.norm != nil else {
      throw reader.invalid("norm_cfg and a simple act_cfg are needed: these blocks have both")
    }
    evaluatesNorm = try reader.value("norm_eval", default: false)
    initialization = try reader.initialization(default: initialization)
    let channels = stages.flatMap { stage in
      let half = (block == .darknet ? stage.outChannels : stage.inChannels) * stage.expandRatio / 2
      return [stage.inChannels, stage.outChannels, half, half / stage.bottleRatio]
    }
    try style.check(channels: [32] + channels)
    try style.conv.check(channels: [inChannels, 32] + channels)
  }
}

/// `CSPDarkNet`
struct CSPDarkNetConfig: ConfigRecord {
  var config: CSPNet.Config
  init(from reader: inout ConfigReader) throws { config = try CSPNet.Config(.darknet, from: &reader) }
}

/// `CSPResNet`
struct CSPResNetConfig: ConfigRecord {
  var config: CSPNet.Config
  init(from reader: inout ConfigReader) throws { config = try CSPNet.Config(.resNet, from: &reader) }
}

/// `CSPResNeXt`
struct CSPResNeXtConfig: ConfigRecord {
  var config: CSPNet.Config
  init(from reader: inout ConfigReader) throws { config = try CSPNet.Config(.resNeXt, from: &reader) }
}
