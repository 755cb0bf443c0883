import Core
import PyConfig

/// A convolutional network built like a transformer.
///
/// Liu et al., "A ConvNet for the 2020s", 2022 (<https://arxiv.org/abs/2201.03545>). Mirrors mmcls's `ConvNeXt`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each stage in `outIndices` `[N, channels_i]`, or, without `gap_before_final_norm`,
///   `[N, channels_i, H / 2^(i + 2), W / 2^(i + 2)]`.
public final class ConvNeXt: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var depths, channels: [Int]
    public var inChannels: Int
    public var patchSize: Int
    public var norm: NormConfig
    public var activation: ActivationConfig
    /// Whether the 1x1 convolutions are kept as fully connected layers.
    public var usesLinear: Bool
    public var dropPath: Float
    /// The first value of the factors of each block's channels; none where it is not positive.
    public var layerScale: Double
    public var outIndices: [Int]
    /// How many stages from the first on are not trained.
    public var frozenStages: Int
    /// Whether the last normalisation sees means over the whole image.
    public var poolsFirst: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let design = try reader.value("arch", default: Design.tiny)
      (depths, channels) = (design.depths, design.channels)
      inChannels = try reader.value("in_channels", default: 3)
      patchSize = try reader.value("stem_patch_size", default: 4)
      guard (1...65536).contains(inChannels), (1...1024).contains(patchSize) else {
        throw reader.invalid(
          "in_channels and stem_patch_size must be positive, found \(inChannels), \(patchSize)")
      }
      norm = try reader.value("norm_cfg", default: ConvNeXt.standardNorm)
      try norm.check(channels: channels)
      activation = try reader.value("act_cfg", default: .function(.gelu))
      usesLinear = try reader.value("linear_pw_conv", default: true)
      dropPath = try reader.dropPathRate()
      layerScale = try reader.value("layer_scale_init_value", default: 1e-6)
      outIndices = try reader.outIndices(default: [-1], count: 4, wraps: true)
      guard outIndices.allSatisfy(depths.indices.contains) else {
        throw reader.invalid("must be in 0..<\(depths.count), found \(outIndices)", key: "out_indices")
      }
      frozenStages = try reader.frozenStages(default: 0, in: 0...depths.count)
      poolsFirst = try reader.value("gap_before_final_norm", default: true)
      initialization = try reader.initialization(default: [])
      reader.ignore("with_cp")
    }
  }

  /// `arch`: a name, or `dict(depths=..., channels=...)`.
  private struct Design: ConfigDecodable {
    var depths, channels: [Int]

    static let tiny = Design(depths: [3, 3, 9, 3], width: 96)
    private static let known: [String: Design] = [
      "tiny": tiny, "small": Design(depths: [3, 3, 27, 3], width: 96),
      "base": Design(depths: [3, 3, 27, 3], width: 128),
      "large": Design(depths: [3, 3, 27, 3], width: 192),
      "xlarge": Design(depths: [3, 3, 27, 3], width: 256),
    ]

    private init(depths: [Int], width: Int) {
      (self.depths, channels) = (depths, depths.indices.map { width << $0 })
    }

    init(from node: ConfigNode, at path: String) throws {
      if let name = node.string {
        guard let design = Self.known[name] else {
          throw BuildError(
            .unknownName(name, role: "ConvNeXt", known: Self.known.keys.sorted()), path: path,
            location: node.location)
        }
        self = design
        return
      }
      var reader = try ConfigReader(node, path: path)
      depths = try reader.value("depths")
      channels = try reader.value("channels")
      guard (1...8).contains(depths.count), channels.count == depths.count,
        depths.allSatisfy({ (1...1024).contains($0) }), channels.allSatisfy({ (1...65536).contains($0) })
      else {
        throw reader.invalid(
          "depths and channels must be positive and equally many, found \(depths) and \(channels)")
      }
      try reader.finish()
    }
  }

  /// `LN2d` with `eps` 1e-6.
  public static let standardNorm: NormConfig = {
    var norm = NormConfig(.layerNorm2d)
    norm.eps = 1e-6
    return norm
  }()

  private let config: Config
  let downsampleLayers: ModuleList<Sequential>
  let stages: ModuleList<Sequential>
  private let norms: Norms
  public let outputs: [FeatureShape]

  /// The last normalisations of the returned stages, `norm0` to `norm3`. No module itself.
  private final class Norms {
    let byStage: [Int: any NormLayer]
    init(_ byStage: [Int: any NormLayer]) { self.byStage = byStage }
  }

  public init(_ config: Config) {
    self.config = config
    let channels = config.channels
    let rates = dropPathRates(config.dropPath, count: config.depths.reduce(0, +))
    var block = 0
    downsampleLayers = ModuleList(
      channels.indices.map { stage in
        stage == 0
          ? Sequential([
            Conv2d(
              config.inChannels, channels[0], kernel: Pair(config.patchSize), stride: Pair(config.patchSize)),
            config.norm.make(channels[0]),
          ])
          : Sequential([
            LayerNorm2d(channels[stage - 1]),
            Conv2d(channels[stage - 1], channels[stage], kernel: 2, stride: 2),
          ])
      })
    stages = ModuleList(
      zip(config.depths, channels).map { depth, width in
        defer { block += depth }
        return Sequential((0..<depth).map { ConvNeXtBlock(width, dropPath: rates[block + $0], config) })
      })
    var norms: [Int: any NormLayer] = [:]
    for stage in config.outIndices { norms[stage] = config.norm.make(channels[stage]) }
    self.norms = Norms(norms)
    outputs = channels.indices.filter(config.outIndices.contains).map {
      FeatureShape(channels: channels[$0], stride: config.patchSize << $0)
    }
    super.init()
    freezeStages()
  }

  public override var listedChildren: [(key: String, module: Module)] {
    norms.byStage.sorted { $0.key < $1.key }.map { ("norm\($0.key)", $0.value) }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = x
    var features: [Tensor] = []
    for (index, stage) in stages.enumerated() {
      x = stage(downsampleLayers[index](x))
      guard let norm = norms.byStage[index] else { continue }
      features.append(
        config.poolsFirst ? norm(x.mean([-2, -1], keepingAxes: true)).flattened(from: 1) : norm(x))
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
  }

  private func freezeStages() {
    for stage in 0..<config.frozenStages {
      downsampleLayers[stage].freeze()
      stages[stage].freeze()
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// A 7x7 convolution of single channels, a normalisation and two 1x1 convolutions, with a shortcut.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
final class ConvNeXtBlock: Module, UnaryModule {
  /// `[channels]`
  let gamma: Parameter?
  let depthwiseConv: Conv2d
  let norm: any NormLayer
  let pointwiseConv1: any UnaryModule
  let act: any UnaryModule
  let pointwiseConv2: any UnaryModule
  private let dropPath: DropPath?
  private let usesLinear: Bool
  private let layerScale: Double

  init(_ channels: Int, dropPath: Float, _ config: ConvNeXt.Config) {
    layerScale = config.layerScale
    gamma = layerScale > 0 ? Parameter(.full([channels], layerScale)) : nil
    depthwiseConv = Conv2d(channels, channels, kernel: 7, padding: 3, groups: channels)
    norm = config.norm.make(channels)
    func pointwise(_ inChannels: Int, _ outChannels: Int) -> any UnaryModule {
      config.usesLinear ? Linear(inChannels, outChannels) : Conv2d(inChannels, outChannels, kernel: 1)
    }
    pointwiseConv1 = pointwise(channels, 4 * channels)
    pointwiseConv2 = pointwise(4 * channels, channels)
    act = config.activation.make()
    usesLinear = config.usesLinear
    self.dropPath = dropPath > 0 ? DropPath(dropPath) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var y = norm(depthwiseConv(x))
    if usesLinear { y = y.permuted([0, 2, 3, 1]) }
    y = pointwiseConv2(act(pointwiseConv1(y)))
    if usesLinear { y = y.permuted([0, 3, 1, 2]) }
    if let gamma { y = y * gamma.value.reshaped([1, gamma.count, 1, 1]) }
    return x + (dropPath.map { $0(y) } ?? y)
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    if let gamma { Init.constant(gamma, layerScale) }
  }
}
