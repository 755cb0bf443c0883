import Core
import PyConfig

/// The Multiscale Vision Transformer V2 of Li et al., 2021 (<https://arxiv.org/abs/2112.01526>). Mirrors mmcls's `MViT`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outScales` `[N, widths, H / (4 · 2^i), W / (4 · 2^i)]`
public final class MViT: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: MViTDesign
    public var imageSize: Pair
    public var inChannels: Int
    public var outScales: [Int]
    public var dropPath: Float
    public var hasAbsolutePosition: Bool
    public var interpolation: InterpolationMode
    public var poolKernel: Pair
    /// By which width and heads grow from scale to scale.
    public var widthFactor, headFactor: Int
    /// Stride of the keys' pooling at the first scale; it halves from scale to scale.
    public var keyStride: Int
    public var hasRelativePositions, addsQueries, widensInAttention, startsAtZero: Bool
    public var mlpRatio: Double
    public var qkvBias: Bool
    public var norm: NormConfig
    public var patch = PatchEmbed.Options()
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let design: MViTDesign = try reader.value("arch", default: .base)
      self.design = design
      imageSize = try reader.imageSize("img_size")
      inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
      let scales = design.downscales.count + 1
      let given = try reader.value("out_scales", default: OneOrMany([-1])).elements
      outScales = given.map { $0 < 0 ? scales + $0 : $0 }.sorted()
      guard !given.isEmpty, outScales.allSatisfy((0..<scales).contains), Set(outScales).count == given.count
      else {
        throw reader.invalid(
          "must be scales, each once, -\(scales)..<\(scales), found \(given)", key: "out_scales")
      }
      dropPath = try reader.probability("drop_path_rate")
      hasAbsolutePosition = try reader.value("use_abs_pos_embed", default: false)
      interpolation = try reader.value("interpolate_mode", default: .bicubic)
      poolKernel = try reader.value("pool_kernel", default: 3)
      widthFactor = try reader.value("dim_mul", default: 2, in: 1...8)
      headFactor = try reader.value("head_mul", default: 2, in: 1...8)
      keyStride = try reader.value("adaptive_kv_stride", default: 4, in: 1...64)
      hasRelativePositions = try reader.value("rel_pos_spatial", default: true)
      addsQueries = try reader.value("residual_pooling", default: true)
      widensInAttention = try reader.value("dim_mul_in_attention", default: true)
      startsAtZero = try reader.value("rel_pos_zero_init", default: false)
      mlpRatio = try reader.value("mlp_ratio", default: 4, in: 0.01...64)
      qkvBias = try reader.value("qkv_bias", default: true)
      norm = try reader.tokenNorm(default: .layerNorm(eps: 1e-6))
      patch.kernel = 7
      patch.stride = 4
      patch.padding = .fixed(3)
      if let node = reader.node("patch_cfg"), !node.isNone {
        var inner = try ConfigReader(node, path: reader.path("patch_cfg"))
        patch.kernel = try inner.value("kernel_size", default: 16)
        let stride: Pair = try inner.value("stride", default: 16)
        patch.stride = stride
        patch.padding = try inner.value("padding", default: .adaptive(.corner))
        try inner.finish()
      }
      patch.inChannels = inChannels
      let stride = patch.stride ?? patch.kernel
      let sizes = [patch.kernel.h, patch.kernel.w, stride.h, stride.w, poolKernel.h, poolKernel.w]
      guard sizes.allSatisfy((1...1024).contains), poolKernel.h % 2 == 1, poolKernel.w % 2 == 1 else {
        throw reader.invalid("patch_cfg and pool_kernel must have positive sizes, odd ones for pool_kernel")
      }
      try reader.checkPatches(imageSize, patch: min(stride.h, stride.w), key: "img_size")
      if hasRelativePositions, imageSize.h != imageSize.w {
        throw reader.invalid("must be square with rel_pos_spatial, found \(imageSize)", key: "img_size")
      }
      var (width, heads) = (design.width, design.heads)
      for _ in design.downscales {
        (width, heads) = (width * widthFactor, heads * headFactor)
        guard width <= 65536, width % heads == 0, design.width % design.heads == 0 else {
          throw reader.invalid(
            "must divide the width, found \(heads) heads for \(width) channels", key: "head_mul")
        }
      }
      initialization = try reader.initialization(default: [])
    }
  }

  private let config: Config
  let posEmbed: Parameter?
  let patchEmbed: PatchEmbed
  let blocks: ModuleList<MultiScaleBlock>
  private let norms: ListedNorms
  /// Behind which block each scale ends.
  private let scaleEnds: [Int: Int]
  private let patches: Pair
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let design = config.design
    patchEmbed = PatchEmbed(design.width, config.patch)
    patches = patchEmbed.outputSize(config.imageSize)
    posEmbed = config.hasAbsolutePosition ? Parameter(.zeros([1, patches.h * patches.w, design.width])) : nil
    var ends: [Int: Int] = [design.depth - 1: design.downscales.count]
    for (scale, index) in design.downscales.enumerated() where ends[index - 1] == nil {
      ends[index - 1] = scale
    }
    scaleEnds = ends
    let rates = stochasticDepthRates(config.dropPath, count: design.depth)
    var (width, heads, keyStride, side) = (design.width, design.heads, config.keyStride, patches.h)
    var stride = patchEmbed.stride.h
    var blocks: [MultiScaleBlock] = []
    var norms: [(stage: Int, norm: (any NormLayer)?)] = []
    var shapes: [FeatureShape] = []
    for index in 0..<design.depth {
      var options = MultiScaleAttention.Options()
      if design.downscales.contains(index) {
        (heads, keyStride) = (heads * config.headFactor, max(keyStride / 2, 1))
        options.queryStride = 2
      }
      let widens = design.downscales.contains(config.widensInAttention ? index : index + 1)
      let out = widens ? width * config.widthFactor : width
      (options.qkvBias, options.norm, options.kernel) = (config.qkvBias, config.norm, config.poolKernel)
      (options.keyStride, options.side, options.addsQueries) = (keyStride, side, config.addsQueries)
      options.hasRelativePositions = config.hasRelativePositions
      blocks.append(
        MultiScaleBlock(
          width, out, heads: heads, mlpRatio: config.mlpRatio, dropPath: rates[index],
          activation: .function(.gelu), widensInAttention: config.widensInAttention, options))
      width = out
      side /= options.queryStride
      stride *= options.queryStride
      if let scale = ends[index], config.outScales.contains(scale) {
        norms.append((scale, config.norm.make(width)))
        shapes.append(FeatureShape(channels: width, stride: stride))
      }
    }
    self.blocks = ModuleList(blocks)
    self.norms = ListedNorms(numbered: norms)
    outputs = shapes
  }

  public override var listedChildren: [(key: String, module: Module)] { norms.listed }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var (x, size) = patchEmbed(x)
    if let posEmbed {
      x = x + posEmbed.value.resizedPositions(from: patches, to: size, mode: config.interpolation)
    }
    var features: [Tensor] = []
    for (index, block) in blocks.enumerated() {
      (x, size) = block(x, size)
      // What is returned goes on, too.
      if let scale = scaleEnds[index], let norm = norms[scale] {
        x = norm(x)
        features.append(x.tokensAsMap(size))
      }
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
    if startsFromFile { return }
    if !config.startsAtZero {
      for block in blocks { block.attn.initializePositions(using: &generator) }
    }
    if let posEmbed { Init.truncatedNormal(posEmbed, standardDeviation: 0.02, using: &generator) }
  }
}

/// The `arch` of an MViT: a name, or its numbers.
struct MViTDesign: ConfigDecodable, Sendable {
  var width, depth, heads: Int
  /// Blocks that halve the map.
  var downscales: [Int]

  init(_ width: Int, _ depth: Int, _ heads: Int, _ downscales: [Int]) {
    (self.width, self.depth, self.heads, self.downscales) = (width, depth, heads, downscales)
  }

  static let base = MViTDesign(96, 24, 1, [2, 5, 21])
  private static let known = [
    "tiny": MViTDesign(96, 10, 1, [1, 3, 8]), "small": MViTDesign(96, 16, 1, [1, 3, 14]), "base": base,
    "large": MViTDesign(144, 48, 2, [2, 8, 44]),
  ]

  init(from node: ConfigNode, at path: String) throws {
    guard node.string == nil else {
      self = try namedDesign(node, path, role: "MViT", Self.known)
      return
    }
    var reader = try ConfigReader(node, path: path)
    width = try reader.value("embed_dims", in: 1...8192)
    depth = try reader.value("num_layers", in: 1...1000)
    heads = try reader.value("num_heads", in: 1...1024)
    downscales = try reader.value("downscale_indices")
    let isOrdered = zip(downscales, downscales.dropFirst()).allSatisfy { $0 < $1 }
    guard downscales.count <= 6, isOrdered, downscales.allSatisfy((1..<max(2, depth)).contains) else {
      throw reader.invalid("must ascend within 1..<\(depth), found \(downscales)", key: "downscale_indices")
    }
    try reader.finish()
  }
}
