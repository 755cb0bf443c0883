import Core
import PyConfig

/// A network with attention made of large convolutions.
///
/// Guo et al., "Visual Attention Network", 2022 (<https://arxiv.org/abs/2202.09741>). Mirrors mmcls's `VAN`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: the stages in `outIndices`; stage `i` is `[N, widths_i, H / 2^(i + 2), W / 2^(i + 2)]`.
public final class VAN: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var widths, depths: [Int]
    /// How many times wider the middle of the last part of a block is.
    public var ratios: [Double]
    public var patches: [Int]
    public var inChannels: Int
    public var dropout: Float
    public var dropPath: Float
    public var outIndices: [Int]
    /// Stages before and including this one are not trained; -1 freezes nothing.
    public var frozenStages: Int
    public var evaluatesNorm: Bool
    public var norm: NormConfig
    public var block: VANBlockOptions
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let design = try reader.value("arch", default: Design.tiny)
      (widths, depths, ratios) = (design.widths, design.depths, design.ratios)
      patches = try reader.value("patch_sizes", default: [7, 3, 3, 3])
      guard patches.count >= depths.count, patches.allSatisfy({ (1...255).contains($0) }) else {
        throw reader.invalid("must have a positive size for each stage, found \(patches)", key: "patch_sizes")
      }
      inChannels = try reader.value("in_channels", default: 3)
      dropout = try reader.value("drop_rate", default: 0)
      guard (1...65536).contains(inChannels), (0...1).contains(dropout) else {
        throw reader.invalid(
          "in_channels must be positive and drop_rate in 0...1, found \(inChannels), \(dropout)")
      }
      dropPath = try reader.dropPathRate()
      outIndices = try reader.outIndices(default: [3], count: depths.count)
      frozenStages = try reader.frozenStages(default: -1, in: -1...(depths.count - 1))
      evaluatesNorm = try reader.value("norm_eval", default: false)
      norm = try reader.value("norm_cfg", default: NormConfig(.layerNorm))
      guard norm.kind == .layerNorm else {
        throw reader.invalid("must be LN: it sees pixels in a row", key: "norm_cfg")
      }
      block = try reader.value("block_cfgs", default: VANBlockOptions())
      try block.norm.check(channels: widths)
      initialization = try reader.initialization(default: [])
    }
  }

  /// `arch`: a name, or `dict(embed_dims=..., depths=..., ffn_ratios=...)`.
  private struct Design: ConfigDecodable {
    var widths, depths: [Int]
    var ratios: [Double]

    static let tiny = Design([32, 64, 160, 256], [3, 3, 5, 2])
    private static let known: [String: Design] = {
      let (small, large) = ([64, 128, 320, 512], [96, 192, 480, 768])
      var known = [
        "b4": Design(small, [3, 6, 40, 3]), "b5": Design(large, [3, 3, 24, 3]),
        "b6": Design([96, 192, 384, 768], [6, 6, 90, 6]),
      ]
      for name in ["b0", "t", "tiny"] { known[name] = tiny }
      for name in ["b1", "s", "small"] { known[name] = Design(small, [2, 2, 4, 2]) }
      for name in ["b2", "b", "base"] { known[name] = Design(small, [3, 3, 12, 3]) }
      for name in ["b3", "l", "large"] { known[name] = Design(small, [3, 5, 27, 3]) }
      return known
    }()

    private init(_ widths: [Int], _ depths: [Int]) {
      (self.widths, self.depths, ratios) = (widths, depths, [8, 8, 4, 4])
    }

    init(from node: ConfigNode, at path: String) throws {
      if let name = node.string {
        guard let design = Self.known[name.lowercased()] else {
          throw BuildError(
            .unknownName(name, role: "VAN", known: Self.known.keys.sorted()), path: path,
            location: node.location)
        }
        self = design
        return
      }
      var reader = try ConfigReader(node, path: path)
      widths = try reader.value("embed_dims")
      depths = try reader.value("depths")
      ratios = try reader.value("ffn_ratios")
      guard (1...8).contains(depths.count), widths.count == depths.count, ratios.count == depths.count,
        widths.allSatisfy({ (1...65536).contains($0) }), depths.allSatisfy({ (1...1024).contains($0) }),
        zip(widths, ratios).allSatisfy({ (1...1_000_000).contains(Double($0) * $1) })
      else {
        throw reader.invalid(
          "embed_dims, depths and ffn_ratios must be positive and equally many, found \(widths), \(depths), \(ratios)"
        )
      }
      try reader.finish()
    }
  }

  private let config: Config
  private let parts: Parts
  public let outputs: [FeatureShape]

  /// The parts of each stage. No module itself.
  private final class Parts {
    let stages: [(embed: VANPatchEmbed, blocks: ModuleList<VANBlock>, norm: any NormLayer)]
    init(_ stages: [(embed: VANPatchEmbed, blocks: ModuleList<VANBlock>, norm: any NormLayer)]) {
      self.stages = stages
    }
  }

  public init(_ config: Config) {
    self.config = config
    let rates = dropPathRates(config.dropPath, count: config.depths.reduce(0, +))
    var (block, stride) = (0, 1)
    var shapes: [FeatureShape] = []
    parts = Parts(
      config.depths.enumerated().map { stage, depth in
        defer { block += depth }
        let (width, patch) = (config.widths[stage], config.patches[stage])
        stride *= patch / 2 + 1
        shapes.append(FeatureShape(channels: width, stride: stride))
        return (
          VANPatchEmbed(stage == 0 ? config.inChannels : config.widths[stage - 1], width, patch: patch),
          ModuleList(
            (0..<depth).map {
              VANBlock(
                width, middle: Int(Double(width) * config.ratios[stage]), dropout: config.dropout,
                dropPath: rates[block + $0], config.block)
            }), config.norm.make(width)
        )
      })
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  public override var listedChildren: [(key: String, module: Module)] {
    parts.stages.enumerated().flatMap { index, stage -> [(key: String, module: Module)] in
      [
        ("patch_embed\(index + 1)", stage.embed), ("blocks\(index + 1)", stage.blocks),
        ("norm\(index + 1)", stage.norm),
      ]
    }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = x
    var features: [Tensor] = []
    for (index, stage) in parts.stages.enumerated() {
      x = stage.embed(x)
      for block in stage.blocks { x = block(x) }
      x = stage.norm(x.channelsLast().permuted([0, 2, 3, 1])).permuted([0, 3, 1, 2])
      if config.outIndices.contains(index) { features.append(x) }
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    // Only `train` freezes, as in the original.
    for stage in parts.stages.prefix(config.frozenStages + 1) {
      stage.embed.freeze()
      stage.blocks.freeze()
      stage.norm.freeze()
    }
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// `block_cfgs`: what all blocks have in common.
public struct VANBlockOptions: ConfigRecord, Sendable {
  public var activation = ActivationConfig.function(.gelu)
  public var norm = NormConfig.batchNorm
  /// The first value of the factors of each part's channels; none where it is not positive.
  public var layerScale = 1e-2

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    activation = try reader.value("act_cfg", default: activation)
    norm = try reader.value("norm_cfg", default: norm)
    layerScale = try reader.value("layer_scale_init_value", default: layerScale)
    reader.ignore("init_cfg")
  }
}
