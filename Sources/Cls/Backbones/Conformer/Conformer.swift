import Core
import PyConfig

/// A residual network and a transformer side by side, which tell each other what they find.
///
/// Peng et al., 2021 (<https://arxiv.org/abs/2105.03889>). Mirrors mmcls's `Conformer`.
///
/// - Input: `[N, 3, H, W]`
/// - Output: for each of `outIndices` the means of the feature maps, `[N, channels]`, and the class token, `[N, width]`.
public final class Conformer: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: ConformerDesign
    public var patchSize, baseChannels: Int
    public var mlpRatio: Double
    public var qkvBias, hasClassToken: Bool
    public var dropPath: Float
    /// Blocks are counted from 1.
    public var outIndices: [Int]
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let design: ConformerDesign = try reader.value("arch", default: .tiny)
      self.design = design
      patchSize = try reader.value("patch_size", default: 16, in: 1...1024)
      guard patchSize % 16 == 0 else {
        throw reader.invalid("must be a multiple of 16, found \(patchSize)", key: "patch_size")
      }
      baseChannels = try reader.value("base_channels", default: 64, in: 4...4096)
      mlpRatio = try reader.value("mlp_ratio", default: 4, in: 0.01...64)
      qkvBias = try reader.value("qkv_bias", default: true)
      hasClassToken = try reader.value("with_cls_token", default: true)
      dropPath = try reader.probability("drop_path_rate")
      let given = try reader.value("out_indices", default: OneOrMany([-1])).elements
      outIndices = given.map { $0 < 0 ? design.depth + $0 + 1 : $0 }
      let last = design.depth / 3 * 3
      guard !given.isEmpty, outIndices.allSatisfy((2...max(2, last)).contains) else {
        throw reader.invalid("must be blocks, 2...\(last), found \(given)", key: "out_indices")
      }
      initialization = try reader.initialization(default: [])
      // These have no effect in the original either.
      reader.ignore("norm_eval", "frozen_stages")
    }

    func layer(dropPath: Float) -> VisionTransformerLayer {
      var options = VisionTransformerLayer.Options()
      (options.attention, options.hidden) = (.packed, Int(Double(design.width) * mlpRatio))
      (options.dropPath, options.qkvBias, options.norm) = (dropPath, qkvBias, .layerNorm(eps: 1e-6))
      return VisionTransformerLayer(design.width, heads: design.heads, options)
    }
  }

  private let config: Config
  let clsToken: Parameter?
  let conv1: Conv2d
  let bn1: any NormLayer
  @Named var firstConv: ConformerConvBlock
  let transPatchConv: Conv2d
  @Named var firstLayer: VisionTransformerLayer
  private let rest: ConformerRest

  public init(_ config: Config) {
    self.config = config
    let (design, stride) = (config.design, config.patchSize / 4)
    let rates = stochasticDepthRates(config.dropPath, count: design.depth)
    let channels = config.baseChannels * design.ratio
    clsToken = config.hasClassToken ? Parameter(.zeros([1, 1, design.width])) : nil
    conv1 = Conv2d(3, 64, kernel: 7, stride: 2, padding: 3, bias: false)
    bn1 = NormConfig.batchNorm.make(64)
    _firstConv = Named("conv_1", ConformerConvBlock(64, channels, hasResidualConv: true))
    transPatchConv = Conv2d(64, design.width, kernel: Pair(stride), stride: Pair(stride))
    _firstLayer = Named("trans_1", config.layer(dropPath: rates[0]))
    // Three stages; at the first the first block stands apart.
    let third = design.depth / 3
    var blocks: [(Int, ConformerBlock)] = []
    var width = channels
    for stage in 0..<3 {
      let out = channels << stage
      for index in (stage * third + 1)...(stage * third + third) where index > 1 {
        var options = ConformerBlock.Options()
        let isFirst = stage > 0 && index == stage * third + 1
        (options.convStride, options.hasResidualConv) = (isFirst ? 2 : 1, isFirst)
        (options.downStride, options.dropPath) = (stride >> stage, rates[index - 1])
        options.isLast = stage == 2 && index == design.depth
        blocks.append((index, ConformerBlock(width, out, config, options)))
        width = out
      }
    }
    rest = ConformerRest(blocks, norm: LayerNorm(design.width))
  }

  public override var listedChildren: [(key: String, module: Module)] { rest.listed }
  /// Channels of the means and of the class token.
  var widths: [Int] { [4 * config.baseChannels * config.design.ratio, config.design.width] }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var base = conv1(x, norm: bn1, activation: .relu).maxPool2d(3, stride: 2, padding: 1)
    let stride = config.patchSize / 4
    base = AdaptivePadding(kernel: Pair(stride), stride: Pair(stride))(base)
    var map = firstConv(base).output
    var tokens = transPatchConv(base).mapAsTokens()
    if let clsToken {
      let token = clsToken.value.expanded(to: [x.shape[0], 1, config.design.width])
      tokens = Tensor.concatenate([token, tokens], axis: 1)
    }
    tokens = firstLayer(tokens)
    var features: [Tensor] = []
    for (index, block) in rest.blocks {
      (map, tokens) = block(map, tokens)
      guard config.outIndices.contains(index) else { continue }
      let normed = rest.norm(tokens)
      features.append(map.globalAvgPool2d().flattened(from: 1))
      features.append(config.hasClassToken ? normed.selected(1, 0) : normed.mean([1]))
    }
    return features
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    if let clsToken { Init.truncatedNormal(clsToken, standardDeviation: 0.02, using: &generator) }
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if startsFromFile { return }
    // These rules have the last word.
    initializeAsTransformer(using: &generator)
    forEachModule { _, module in
      if let conv = module as? Conv2d { Init.kaiming(conv.weight, using: &generator) }
      if let norm = module as? BatchNorm2d { norm.resetAffine() }
    }
    forEachModule { _, module in
      if let block = module as? ConformerConvBlock { block.bn3.resetAffine(weight: 0) }
    }
  }
}

/// The blocks, whose keys hold numbers, and the norm, which follows them in the state. A class, so that reflection leaves
/// its content to `listedChildren`.
private final class ConformerRest {
  let blocks: [(index: Int, block: ConformerBlock)]
  let norm: LayerNorm

  init(_ blocks: [(Int, ConformerBlock)], norm: LayerNorm) {
    self.blocks = blocks.map { ($0.0, $0.1) }
    self.norm = norm
  }

  var listed: [(key: String, module: Module)] {
    blocks.map { ("conv_trans_\($0.index)", $0.block) } + [("trans_norm", norm)]
  }
}

/// The `arch` of a Conformer: a name, or its numbers.
struct ConformerDesign: ConfigDecodable, Sendable {
  var width, ratio, heads, depth: Int

  init(_ width: Int, _ ratio: Int, _ heads: Int, _ depth: Int) {
    (self.width, self.ratio, self.heads, self.depth) = (width, ratio, heads, depth)
  }

  static let tiny = ConformerDesign(384, 1, 6, 12)
  private static let known = named([
    ("tiny", tiny), ("small", ConformerDesign(384, 4, 6, 12)), ("base", ConformerDesign(576, 6, 9, 12)),
  ])

  init(from node: ConfigNode, at path: String) throws {
    guard node.string == nil else {
      self = try namedDesign(node, path, role: "Conformer", Self.known)
      return
    }
    var reader = try ConfigReader(node, path: path)
    width = try reader.value("embed_dims", in: ConfigReader.widths)
    ratio = try reader.value("channel_ratio", in: 1...64)
    heads = try reader.value("num_heads", in: 1...4096)
    depth = try reader.value("depths", in: 3...300)
    try reader.checkHeads([heads], [width])
    try reader.finish()
  }
}
