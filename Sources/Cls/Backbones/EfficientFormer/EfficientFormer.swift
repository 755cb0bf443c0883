import Core
import PyConfig

/// A network of pooling blocks whose last blocks attend.
///
/// Li et al., 2022 (<https://arxiv.org/abs/2206.01191>). Mirrors mmcls's `EfficientFormer`.
///
/// - Input: `[N, inChannels, H, W]`; with attention images whose last map is 7x7.
/// - Output: for each of `outIndices` `[N, widths_i, H_i, W_i]`; tokens of the last stage as `[N, width, 49]` unless
///   they are to be made a map again.
public final class EfficientFormer: Module, FixedSizeBackbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: EfficientFormerDesign
    public var inChannels, poolSize: Int
    public var mlpRatio: Double
    public var reshapesLast: Bool
    public var outIndices: [Int]
    public var frozenStages: Int
    public var activation: ActivationConfig
    public var dropout, dropPath: Float
    public var hasLayerScale: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      design = try reader.value("arch", default: .l1)
      inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
      poolSize = try reader.value("pool_size", default: 3, in: 1...63)
      guard poolSize % 2 == 1 else {
        throw reader.invalid("must be odd, found \(poolSize)", key: "pool_size")
      }
      mlpRatio = try reader.value("mlp_ratios", default: 4, in: 0.01...64)
      reshapesLast = try reader.value("reshape_last_feat", default: false)
      let given = try reader.value("out_indices", default: OneOrMany([-1])).elements
      outIndices = given.map { $0 < 0 ? 4 + $0 : $0 }
      guard outIndices.allSatisfy((0..<4).contains), Set(outIndices).count == given.count else {
        throw reader.invalid("must be stages, each once, -4..<4, found \(given)", key: "out_indices")
      }
      frozenStages = try reader.value("frozen_stages", default: -1, in: -1...4)
      activation = try reader.value("act_cfg", default: .function(.gelu))
      dropout = try reader.probability("drop_rate")
      dropPath = try reader.probability("drop_path_rate")
      hasLayerScale = try reader.value("use_layer_scale", default: true)
      initialization = try reader.initialization(default: [])
    }
  }

  private let config: Config
  let patchEmbed: Sequential
  let network: ModuleList<Sequential>
  private let norms: ListedNorms
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let design = config.design
    func stem(_ inChannels: Int, _ outChannels: Int) -> ConvModule {
      ConvModule(inChannels, outChannels, kernel: 3, stride: 2, padding: 1, bias: true, norm: .batchNorm)
    }
    let first = design.widths[0]
    patchEmbed = Sequential([stem(config.inChannels, first / 2), stem(first / 2, first)])
    let total = design.depths.reduce(0, +)
    var (before, width, stride) = (0, first, 4)
    var stages: [Sequential] = []
    var shapes: [FeatureShape] = []
    for (stage, depth) in design.depths.enumerated() {
      let out = design.widths[stage]
      var layers: [any UnaryModule] = []
      if design.downsamples[stage] {
        layers.append(
          ConvModule(
            width, out, kernel: 3, stride: 2, padding: 1, bias: true, norm: .batchNorm, activation: nil))
        stride *= 2
      }
      let attending = stage == 3 ? design.attending : 0
      if stage == 3, attending == depth { layers.append(FlattenMap()) }
      for index in 0..<depth {
        let rate = total > 1 ? config.dropPath * Float(before + index) / Float(total - 1) : 0
        if stage == 3, depth - index <= attending {
          layers.append(EfficientFormerTokenBlock(out, mlpRatio: config.mlpRatio, dropPath: rate, config))
        } else {
          layers.append(EfficientFormerMapBlock(out, dropPath: rate, config))
          if stage == 3, depth - index - 1 == attending { layers.append(FlattenMap()) }
        }
      }
      stages.append(Sequential(layers))
      shapes.append(FeatureShape(channels: out, stride: stride))
      (before, width) = (before + depth, out)
    }
    network = ModuleList(stages)
    norms = ListedNorms(
      numbered: config.outIndices.map { stage in
        let isTokens = stage == 3 && design.attending > 0 && !config.reshapesLast
        let norm = isTokens ? NormConfig.layerNorm() : NormConfig(.groupNorm(groups: 1))
        return (stage, norm.make(design.widths[stage]))
      })
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
    super.init()
    freezeStages()
  }

  public override var listedChildren: [(key: String, module: Module)] { norms.listed }

  /// Sides whose last map has 7 rows or columns; any where nothing attends.
  private var acceptedSides: ClosedRange<Int> {
    guard config.design.attending > 0 else { return 1...Int.max }
    let halvings = 2 + config.design.downsamples.count { $0 }
    return (((BiasedAttention.side - 1) << halvings) + 1)...(BiasedAttention.side << halvings)
  }
  public var acceptedHeights: ClosedRange<Int> { acceptedSides }
  public var acceptedWidths: ClosedRange<Int> { acceptedSides }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = patchEmbed(x)
    var features: [Tensor] = []
    for (stage, layers) in network.enumerated() {
      // As in the original, which rounds down; convolutions round up.
      var size = Pair(h: x.shape[2], w: x.shape[3])
      x = layers(x)
      guard let norm = norms[stage] else { continue }
      guard x.rank == 3 else {
        features.append(norm(x))
        continue
      }
      if config.design.downsamples[stage] { size = Pair(h: (size.h + 1) / 2, w: (size.w + 1) / 2) }
      features.append(config.reshapesLast ? norm(x.tokensAsMap(size)) : norm(x).transposed(1, 2))
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
  }

  private func freezeStages() {
    guard config.frozenStages >= 0 else { return }
    patchEmbed.freeze()
    for (index, stage) in network.prefix(config.frozenStages).enumerated() {
      stage.freeze()
      norms[index]?.freeze()
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// The `arch` of an EfficientFormer: a name, or its numbers.
struct EfficientFormerDesign: ConfigDecodable, Sendable {
  var depths, widths: [Int]
  /// Which stages begin by halving the map.
  var downsamples = [false, true, true, true]
  /// How many of the last stage's blocks attend.
  var attending: Int

  init(_ depths: [Int], _ widths: [Int], attending: Int) {
    (self.depths, self.widths, self.attending) = (depths, widths, attending)
  }

  static let l1 = EfficientFormerDesign([3, 2, 6, 4], [48, 96, 224, 448], attending: 1)
  private static let known = [
    "l1": l1, "l3": EfficientFormerDesign([4, 4, 12, 6], [64, 128, 320, 512], attending: 4),
    "l7": EfficientFormerDesign([6, 6, 18, 8], [96, 192, 384, 768], attending: 8),
  ]

  init(from node: ConfigNode, at path: String) throws {
    if let name = node.string {
      guard let design = Self.known[name] else {
        throw BuildError(
          .unknownName(name, role: "EfficientFormer", known: Self.known.keys.sorted()), path: path,
          location: node.location)
      }
      self = design
      return
    }
    var reader = try ConfigReader(node, path: path)
    depths = try reader.values("layers", in: 1...1000, count: 4)
    widths = try reader.values("embed_dims", in: 2...32768, count: 4)
    downsamples = try reader.value("downsamples")
    attending = try reader.value("vit_num", in: 0...depths[3])
    guard downsamples.count == 4,
      (0..<4).allSatisfy({ downsamples[$0] || $0 == 0 || widths[$0] == widths[$0 - 1] })
    else {
      throw reader.invalid("must hold 4 bools, True where the width changes", key: "downsamples")
    }
    try reader.finish()
  }
}
