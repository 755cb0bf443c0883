import Core
import PyConfig

/// Feed-forward networks across patches and across channels in turn.
///
/// Tolstikhin et al., 2021 (<https://arxiv.org/abs/2105.01601>). Mirrors mmcls's `MlpMixer`.
///
/// - Input: `[N, 3, H, W]` of the size that it was made for.
/// - Output: `[N, width, patches]`
public final class MlpMixer: Module, FixedSizeBackbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: MixerDesign
    public var imageSize: Pair
    public var patchSize: Int
    public var outIndices: [Int]
    public var dropout, dropPath: Float
    public var norm: NormConfig
    public var activation: ActivationConfig
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let design: MixerDesign = try reader.value("arch", default: .base)
      self.design = design
      imageSize = try reader.imageSize("img_size")
      patchSize = try reader.value("patch_size", default: 16, in: 1...1024)
      try reader.checkPatches(imageSize, patch: patchSize, key: "img_size", atMost: 1 << 16)
      let given = try reader.value("out_indices", default: OneOrMany([-1])).elements
      // The original takes layers counted from the end only.
      guard !given.isEmpty, given.allSatisfy((-design.depth..<0).contains) else {
        throw reader.invalid("must be in -\(design.depth)..<0, found \(given)", key: "out_indices")
      }
      outIndices = given.map { design.depth + $0 }
      dropout = try reader.probability("drop_rate")
      dropPath = try reader.probability("drop_path_rate")
      norm = try reader.tokenNorm(default: .layerNorm())
      activation = try reader.value("act_cfg", default: .function(.gelu))
      for key in ["patch_cfg", "layer_cfgs"] {
        if let node = reader.node(key), !node.isNone {
          try ConfigReader(node, path: reader.path(key)).finish()
        }
      }
      initialization = try reader.initialization(default: [])
    }
  }

  private let config: Config
  let patchEmbed: PatchEmbed
  let layers: ModuleList<MixerBlock>
  @Named var norm1: any NormLayer
  public var acceptedHeights: ClosedRange<Int> { config.imageSize.h...config.imageSize.h }
  public var acceptedWidths: ClosedRange<Int> { config.imageSize.w...config.imageSize.w }

  public init(_ config: Config) {
    self.config = config
    patchEmbed = PatchEmbed(3, config.design.width, kernel: Pair(config.patchSize))
    let patches = patchEmbed.outputSize(config.imageSize)
    layers = ModuleList(
      (0..<config.design.depth).map { _ in MixerBlock(patches.h * patches.w, config) })
    _norm1 = config.norm.named(config.design.width, suffix: "1")
  }

  public var outputs: [FeatureShape] {
    config.outIndices.map { _ in FeatureShape(channels: config.design.width, stride: config.patchSize) }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = patchEmbed(x).tokens
    var features: [Tensor] = []
    for (index, layer) in layers.enumerated() {
      x = layer(x)
      if index == layers.count - 1 { x = norm1(x) }
      if config.outIndices.contains(index) { features.append(x.transposed(1, 2)) }
    }
    return features
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    // The blocks have the last word.
    if !startsFromFile {
      initializeFeedForward(using: &generator) { Init.xavier($0, distribution: .uniform, using: &$1) }
    }
  }
}

/// A network across patches and one across channels, each behind a norm and beside a shortcut.
final class MixerBlock: Module {
  @Named var norm1: any NormLayer
  let tokenMix: FeedForward
  @Named var norm2: any NormLayer
  let channelMix: FeedForward

  init(_ patches: Int, _ config: MlpMixer.Config) {
    let design = config.design
    var options = FeedForward.Options()
    (options.activation, options.dropout) = (config.activation, config.dropout)
    options.branchDropout = .path(config.dropPath)
    _norm1 = config.norm.named(design.width, suffix: "1")
    var across = options
    across.addsIdentity = false
    tokenMix = FeedForward(patches, hidden: design.tokenHidden, across)
    _norm2 = config.norm.named(design.width, suffix: "2")
    channelMix = FeedForward(design.width, hidden: design.channelHidden, options)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let mixed = x + tokenMix(norm1(x).transposed(1, 2)).transposed(1, 2)
    return channelMix(norm2(mixed), identity: mixed)
  }
}

/// The `arch` of a mixer: a name, or its numbers.
struct MixerDesign: ConfigDecodable, Sendable {
  var width, depth, tokenHidden, channelHidden: Int

  init(_ width: Int, _ depth: Int, _ tokenHidden: Int, _ channelHidden: Int) {
    (self.width, self.depth, self.tokenHidden, self.channelHidden) = (
      width, depth, tokenHidden, channelHidden
    )
  }

  static let base = MixerDesign(768, 12, 384, 3072)
  private static let known = named([
    ("small", MixerDesign(512, 8, 256, 2048)), ("base", base), ("large", MixerDesign(1024, 24, 512, 4096)),
  ])

  init(from node: ConfigNode, at path: String) throws {
    guard node.string == nil else {
      self = try namedDesign(node, path, role: "MLP mixer", Self.known)
      return
    }
    var reader = try ConfigReader(node, path: path)
    width = try reader.value("embed_dims", in: ConfigReader.widths)
    depth = try reader.value("num_layers", in: 1...1000)
    tokenHidden = try reader.value("tokens_mlp_dims", in: 1...(1 << 18))
    channelHidden = try reader.value("channels_mlp_dims", in: 1...(1 << 18))
    try reader.finish()
  }
}
