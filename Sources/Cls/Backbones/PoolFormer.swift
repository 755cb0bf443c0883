import Core
import PyConfig

/// A transformer whose tokens mix by average pooling instead of attention.
///
/// Yu et al., 2021 (<https://arxiv.org/abs/2111.11418>). Mirrors mmcls's `PoolFormer`, which counts the layers between
/// stages as stages: outputs 0, 2, 4 and 6 are those of the four stages.
///
/// - Input: `[N, 3, H, W]`
/// - Output: `outIndices` of `network`, `[N, widths, H / stride, W / stride]`
public final class PoolFormer: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: PoolFormerDesign
    public var poolSize: Int
    public var norm: NormConfig
    public var activation: ActivationConfig
    /// Kernel, stride and padding of the first embedding and of the later ones.
    var first, later: (kernel: Int, stride: Int, padding: Int)
    public var dropout, dropPath: Float
    public var outIndices: [Int]
    public var frozenStages: Int
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      design = try reader.value("arch", default: .small12)
      poolSize = try reader.value("pool_size", default: 3, in: 1...63)
      guard poolSize % 2 == 1 else {
        throw reader.invalid("must be odd, found \(poolSize)", key: "pool_size")
      }
      norm = try reader.value("norm_cfg", default: NormConfig(.groupNorm(groups: 1)))
      activation = try reader.value("act_cfg", default: .function(.gelu))
      first = (
        try reader.value("in_patch_size", default: 7, in: 1...256),
        try reader.value("in_stride", default: 4, in: 1...256),
        try reader.value("in_pad", default: 2, in: 0...256)
      )
      later = (
        try reader.value("down_patch_size", default: 3, in: 1...256),
        try reader.value("down_stride", default: 2, in: 1...256),
        try reader.value("down_pad", default: 1, in: 0...256)
      )
      dropout = try reader.probability("drop_rate")
      dropPath = try reader.probability("drop_path_rate")
      let given = try reader.value("out_indices", default: OneOrMany([-1])).elements
      outIndices = given.map { $0 < 0 ? 7 + $0 : $0 }
      let (parts, stages) = (design.parts, design.widths.count)
      guard outIndices.allSatisfy({ (0..<parts).contains($0) && ($0 + 1) / 2 < stages }) else {
        throw reader.invalid("must be in -7..<\(parts), found \(given)", key: "out_indices")
      }
      frozenStages = try reader.value("frozen_stages", default: 0, in: -1...parts)
      initialization = try reader.initialization(default: [])
    }
  }

  private let config: Config
  let patchEmbed: PoolFormerEmbedding
  let network: ModuleList<Module>
  private let norms: ListedNorms
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let design = config.design
    patchEmbed = PoolFormerEmbedding(3, design.widths[0], config.first)
    var parts: [Module] = []
    var shapes: [FeatureShape] = []
    let total = design.depths.reduce(0, +)
    var (block, stride) = (0, config.first.stride)
    for (stage, depth) in design.depths.enumerated() {
      let width = design.widths[stage]
      parts.append(
        Sequential(
          (0..<depth).map { index in
            // As in the original, a single block would divide by nothing; it is never dropped here.
            let rate = total > 1 ? config.dropPath * Float(block + index) / Float(total - 1) : 0
            return PoolFormerBlock(
              width, hidden: Int(Double(width) * design.mlpRatios[stage]), dropPath: rate,
              initialScale: design.initialScale, config)
          }))
      shapes.append(FeatureShape(channels: width, stride: stride))
      block += depth
      if stage + 1 < design.depths.count, width != design.widths[stage + 1] {
        parts.append(PoolFormerEmbedding(width, design.widths[stage + 1], config.later))
        stride *= config.later.stride
        shapes.append(FeatureShape(channels: design.widths[stage + 1], stride: stride))
      }
    }
    network = ModuleList(parts)
    norms = ListedNorms(
      numbered: config.outIndices.map { ($0, config.norm.make(design.widths[($0 + 1) / 2])) })
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
    super.init()
    freezeStages()
  }

  public override var listedChildren: [(key: String, module: Module)] { norms.listed }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = patchEmbed(x)
    var features: [Tensor] = []
    for (index, part) in network.enumerated() {
      if let part = part as? any UnaryModule { x = part(x) }
      if let norm = norms[index] { features.append(norm(x)) }
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
  }

  private func freezeStages() {
    // The embedding is frozen unless the number is negative, as in the original, whose default is 0.
    guard config.frozenStages >= 0 else { return }
    patchEmbed.freeze()
    for (index, part) in network.prefix(config.frozenStages).enumerated() {
      part.freeze()
      norms[index]?.freeze()
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// A convolution that makes maps smaller and wider.
final class PoolFormerEmbedding: Module, UnaryModule {
  let proj: Conv2d

  init(_ inChannels: Int, _ width: Int, _ size: (kernel: Int, stride: Int, padding: Int)) {
    proj = Conv2d(
      inChannels, width, kernel: Pair(size.kernel), stride: Pair(size.stride), padding: Pair(size.padding))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { proj(x) }
}

/// Pooling and two 1x1 convolutions, each behind a norm, scaled channel by channel and beside a shortcut.
final class PoolFormerBlock: Module, UnaryModule {
  @Named var layerScale1: Parameter
  @Named var layerScale2: Parameter
  let norm1: any NormLayer
  let norm2: any NormLayer
  let mlp: PoolFormerMLP
  let dropPath: DropPath
  private let poolSize: Int

  init(_ width: Int, hidden: Int, dropPath: Float, initialScale: Double, _ config: PoolFormer.Config) {
    _layerScale1 = Named("layer_scale_1", Parameter(.full([width], initialScale)))
    _layerScale2 = Named("layer_scale_2", Parameter(.full([width], initialScale)))
    norm1 = config.norm.make(width)
    norm2 = config.norm.make(width)
    mlp = PoolFormerMLP(width, hidden: hidden, config)
    self.dropPath = DropPath(dropPath)
    poolSize = config.poolSize
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    func scaled(_ y: Tensor, _ scale: Parameter) -> Tensor {
      dropPath(scale.value.reshaped([1, scale.count, 1, 1]) * y)
    }
    let normed = norm1(x)
    let pooled = normed.avgPool2d(
      Pair(poolSize), stride: 1, padding: Pair(poolSize / 2), countIncludePad: false)
    let y = x + scaled(pooled - normed, layerScale1)
    return y + scaled(mlp(norm2(y)), layerScale2)
  }
}

/// Two 1x1 convolutions with an activation between them.
final class PoolFormerMLP: Module, UnaryModule {
  let fc1: Conv2d
  let act: any UnaryModule
  let fc2: Conv2d
  let drop: Dropout

  init(_ width: Int, hidden: Int, _ config: PoolFormer.Config) {
    fc1 = Conv2d(width, hidden, kernel: 1)
    act = config.activation.make()
    fc2 = Conv2d(hidden, width, kernel: 1)
    drop = Dropout(config.dropout)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { drop(fc2(drop(act(fc1(x))))) }
}

/// The `arch` of a PoolFormer: a name, or its numbers.
struct PoolFormerDesign: ConfigDecodable, Sendable {
  var depths, widths: [Int]
  var mlpRatios = [4.0, 4, 4, 4]
  /// From which the scales of the branches start.
  var initialScale = 1e-5

  init(_ depths: [Int], _ widths: [Int], scale: Double) {
    (self.depths, self.widths, initialScale) = (depths, widths, scale)
  }

  /// Stages and what lies between them.
  var parts: Int {
    depths.count + zip(widths, widths.dropFirst()).prefix(depths.count - 1).count { $0 != $1 }
  }

  static let small12 = PoolFormerDesign([2, 2, 6, 2], [64, 128, 320, 512], scale: 1e-5)

  private static let known: [String: PoolFormerDesign] = [
    "s12": small12, "s24": PoolFormerDesign([4, 4, 12, 4], [64, 128, 320, 512], scale: 1e-5),
    "s36": PoolFormerDesign([6, 6, 18, 6], [64, 128, 320, 512], scale: 1e-6),
    "m36": PoolFormerDesign([6, 6, 18, 6], [96, 192, 384, 768], scale: 1e-6),
    "m48": PoolFormerDesign([8, 8, 24, 8], [96, 192, 384, 768], scale: 1e-6),
  ]

  init(from node: ConfigNode, at path: String) throws {
    if let name = node.string {
      guard let design = Self.known[name] else {
        throw BuildError(
          .unknownName(name, role: "PoolFormer", known: Self.known.keys.sorted()), path: path,
          location: node.location)
      }
      self = design
      return
    }
    var reader = try ConfigReader(node, path: path)
    depths = try reader.values("layers", in: 1...1000)
    let stages = depths.count
    guard stages <= 4 else {
      throw reader.invalid("must hold at most 4 numbers, found \(depths)", key: "layers")
    }
    widths = try reader.values("embed_dims", in: ConfigReader.widths, count: stages)
    mlpRatios = try reader.values(
      "mlp_ratios", default: [4, 4, 4, 4].prefix(stages).map { $0 }, in: 0.01...64, count: stages)
    initialScale = try reader.value("layer_scale_init_value", default: 1e-5)
    try reader.finish()
  }
}
