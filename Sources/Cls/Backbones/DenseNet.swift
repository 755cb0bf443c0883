import Core
import PyConfig

/// A network in whose blocks each layer sees all layers before it.
///
/// Huang et al., 2016 (<https://arxiv.org/abs/1608.06993>). Mirrors mmcls's `DenseNet`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each stage in `outIndices` what its transition leaves: channels and sides halved, but for the last.
public final class DenseNet: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var growthRate, stemChannels: Int
    /// Layers of each block.
    public var depths: [Int]
    public var inChannels: Int
    /// How many times wider than `growthRate` the middle of a layer is.
    public var widening: Int
    public var dropout: Float
    public var compression: Double
    public var norm: NormConfig
    public var activation: ActivationConfig
    public var outIndices: [Int]
    /// How many stages from the first on are not trained.
    public var frozenStages: Int
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let design = try reader.value("arch", default: Design.standard)
      (growthRate, stemChannels, depths) = (design.growthRate, design.stemChannels, design.depths)
      inChannels = try reader.value("in_channels", default: 3)
      widening = try reader.value("bn_size", default: 4)
      dropout = try reader.value("drop_rate", default: 0)
      compression = try reader.value("compression_factor", default: 0.5)
      guard (1...65536).contains(inChannels), (1...1024).contains(widening), (0...1).contains(dropout),
        compression > 0, compression <= 1
      else {
        throw reader.invalid(
          "in_channels and bn_size must be positive, drop_rate and compression_factor in 0...1, found \(inChannels), "
            + "\(widening), \(dropout), \(compression)")
      }
      norm = try reader.value("norm_cfg", default: .batchNorm)
      activation = try reader.value("act_cfg", default: .relu)
      outIndices = try reader.outIndices(default: [-1], count: depths.count, wraps: true)
      frozenStages = try reader.frozenStages(default: 0, in: 0...depths.count)
      initialization = try reader.initialization(default: [])
      // Recomputing activations saves memory where it is scarce; it never changes a result.
      reader.ignore("memory_efficient")
      try norm.check(channels: normalizedChannels)
      guard normalizedChannels.allSatisfy({ $0 > 0 }) else {
        throw reader.invalid(
          "must leave at least one channel, found \(compression)", key: "compression_factor")
      }
    }

    private var normalizedChannels: [Int] {
      var channels = [stemChannels, widening * growthRate]
      var width = stemChannels
      for depth in depths {
        channels += (0...depth).map { width + $0 * growthRate }
        width = Int(Double(width + depth * growthRate) * compression)
        channels.append(width)
      }
      return channels
    }
  }

  /// `arch`: a name, or `dict(growth_rate=..., depths=..., init_channels=...)`.
  private struct Design: ConfigDecodable {
    var growthRate, stemChannels: Int
    var depths: [Int]

    static let standard = Design(growthRate: 32, stemChannels: 64, depths: [6, 12, 24, 16])
    private static let known: [String: Design] = [
      "121": standard, "169": Design(growthRate: 32, stemChannels: 64, depths: [6, 12, 32, 32]),
      "201": Design(growthRate: 32, stemChannels: 64, depths: [6, 12, 48, 32]),
      "161": Design(growthRate: 48, stemChannels: 96, depths: [6, 12, 36, 24]),
    ]

    private init(growthRate: Int, stemChannels: Int, depths: [Int]) {
      (self.growthRate, self.stemChannels, self.depths) = (growthRate, stemChannels, depths)
    }

    init(from node: ConfigNode, at path: String) throws {
      if let name = node.string {
        guard let design = Self.known[name] else {
          throw BuildError(
            .unknownName(name, role: "DenseNet", known: Self.known.keys.sorted()), path: path,
            location: node.location)
        }
        self = design
        return
      }
      var reader = try ConfigReader(node, path: path)
      growthRate = try reader.value("growth_rate")
      depths = try reader.value("depths")
      stemChannels = try reader.value("init_channels")
      guard (1...4096).contains(growthRate), (1...4096).contains(stemChannels),
        (1...8).contains(depths.count),
        depths.allSatisfy({ (1...256).contains($0) })
      else {
        throw reader.invalid(
          "growth_rate, depths and init_channels must be positive, found \(growthRate), \(depths), \(stemChannels)"
        )
      }
      // The original looks at these keys only.
      _ = reader.takeRest()
      try reader.finish()
    }
  }

  private let config: Config
  let act: any UnaryModule
  let stem: Sequential
  let stages: ModuleList<DenseBlock>
  let transitions: ModuleList<Sequential>
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let act = config.activation.make()
    self.act = act
    stem = Sequential([
      Conv2d(config.inChannels, config.stemChannels, kernel: 7, stride: 2, padding: 3, bias: false),
      config.norm.make(config.stemChannels), act, MaxPool2d(3, stride: 2, padding: 1),
    ])
    var (width, stride) = (config.stemChannels, 4)
    var stages: [DenseBlock] = []
    var transitions: [Sequential] = []
    var shapes: [FeatureShape] = []
    for (stage, depth) in config.depths.enumerated() {
      stages.append(DenseBlock(width, layers: depth, config))
      width += depth * config.growthRate
      if stage == config.depths.count - 1 {
        transitions.append(Sequential([config.norm.make(width), act]))
      } else {
        let out = Int(Double(width) * config.compression)
        transitions.append(
          Sequential(
            named: [
              ("norm", config.norm.make(width)), ("act", config.activation.make()),
              ("conv", Conv2d(width, out, kernel: 1, bias: false)), ("pool", AvgPool2d(2, stride: 2)),
            ]))
        (width, stride) = (out, stride * 2)
      }
      shapes.append(FeatureShape(channels: width, stride: stride))
    }
    self.stages = ModuleList(stages)
    self.transitions = ModuleList(transitions)
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
    super.init()
    freezeStages()
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = stem(x)
    var features: [Tensor] = []
    for (index, (stage, transition)) in zip(stages, transitions).enumerated() {
      x = transition(stage(x))
      if config.outIndices.contains(index) { features.append(x) }
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
  }

  private func freezeStages() {
    for stage in 0..<config.frozenStages {
      stages[stage].freeze()
      transitions[stage].freeze()
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// Layers of which each adds a few channels to those before it.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, inChannels + layers · growthRate, H, W]`
final class DenseBlock: Module, UnaryModule {
  let block: ModuleList<DenseLayer>

  init(_ inChannels: Int, layers: Int, _ config: DenseNet.Config) {
    block = ModuleList((0..<layers).map { DenseLayer(inChannels + $0 * config.growthRate, config) })
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for layer in block { x = Tensor.concatenate([x, layer(x)], axis: 1) }
    return x
  }
}

/// A 1x1 and a 3x3 convolution, each behind a normalisation and an activation.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, growthRate, H, W]`
final class DenseLayer: Module, UnaryModule {
  let norm1: any NormLayer
  let conv1: Conv2d
  let act: any UnaryModule
  let norm2: any NormLayer
  let conv2: Conv2d
  private let activation: FusedActivation?
  private let dropout: Float

  init(_ inChannels: Int, _ config: DenseNet.Config) {
    let middle = config.widening * config.growthRate
    norm1 = config.norm.make(inChannels)
    conv1 = Conv2d(inChannels, middle, kernel: 1, bias: false)
    act = config.activation.make()
    norm2 = config.norm.make(middle)
    conv2 = Conv2d(middle, config.growthRate, kernel: 3, padding: 1, bias: false)
    activation = config.activation.fused
    dropout = config.dropout
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y: Tensor
    if let activation {
      y = conv2(conv1(norm1(x, residual: nil, activation: activation), norm: norm2, activation: activation))
    } else {
      y = conv2(act(conv1(act(norm1(x)), norm: norm2)))
    }
    return dropout > 0 && isTraining ? y.dropout(dropout) : y
  }
}
