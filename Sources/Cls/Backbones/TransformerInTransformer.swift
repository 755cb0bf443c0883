import Core
import PyConfig

/// A transformer of patches with one of pixels in each patch.
///
/// Han et al., 2021 (<https://arxiv.org/abs/2103.00112>). Mirrors mmcls's `TNT`.
///
/// - Input: `[N, inChannels, H, W]` of the size that the position embeddings are made for.
/// - Output: the class token, `[N, width]`.
public final class TransformerInTransformer: Module, FixedSizeBackbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: TNTDesign
    public var imageSize: Pair
    public var patchSize, inChannels, ratio, stride, feedForwardLayers: Int
    public var qkvBias: Bool
    public var dropout, attentionDropout, dropPath: Float
    public var norm: NormConfig
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      design = try reader.value("arch", default: .base)
      imageSize = try reader.imageSize("img_size")
      patchSize = try reader.value("patch_size", default: 16, in: 1...1024)
      try reader.checkPatches(imageSize, patch: patchSize, key: "img_size")
      inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
      ratio = try reader.value("ffn_ratio", default: 4, in: 1...64)
      qkvBias = try reader.value("qkv_bias", default: false)
      dropout = try reader.probability("drop_rate")
      attentionDropout = try reader.probability("attn_drop_rate")
      dropPath = try reader.probability("drop_path_rate")
      norm = try reader.tokenNorm(default: .layerNorm())
      stride = try reader.value("first_stride", default: 4, in: 1...1024)
      guard patchSize % stride == 0, imageSize.h % patchSize == 0, imageSize.w % patchSize == 0 else {
        throw reader.invalid(
          "img_size must be a multiple of patch_size, and that of first_stride, found \(imageSize), \(patchSize), \(stride)"
        )
      }
      feedForwardLayers = try reader.value("num_fcs", default: 2, in: 2...16)
      initialization = try reader.initialization(default: [
        InitConfig(.truncatedNormal(mean: 0, std: 0.02, low: -2, high: 2), layers: ["Linear"]),
        .constant(1, layers: ["LayerNorm"]),
      ])
      // Has no effect in the original either, whose layers always have GELU.
      reader.ignore("act_cfg")
    }
  }

  /// `[1, 1, width]`
  let clsToken: Parameter
  /// `[1, 1 + patches, width]`
  let patchPos: Parameter
  /// `[1, innerWidth, pixels.h, pixels.w]`
  let pixelPos: Parameter
  let pixelEmbed: PixelEmbed
  let norm1Proj: any NormLayer
  let projection: Linear
  let norm2Proj: any NormLayer
  let dropAfterPos: Dropout
  let layers: ModuleList<TNTLayer>
  let norm: any NormLayer
  private let config: Config
  private let patches: Int
  public var acceptedHeights: ClosedRange<Int> { config.imageSize.h...config.imageSize.h }
  public var acceptedWidths: ClosedRange<Int> { config.imageSize.w...config.imageSize.w }

  public init(_ config: Config) {
    self.config = config
    let design = config.design
    patches = (config.imageSize.h / config.patchSize) * (config.imageSize.w / config.patchSize)
    let pixels = config.patchSize / config.stride
    clsToken = Parameter(.zeros([1, 1, design.outer]))
    patchPos = Parameter(.zeros([1, patches + 1, design.outer]))
    pixelPos = Parameter(.zeros([1, design.inner, pixels, pixels]))
    pixelEmbed = PixelEmbed(config.inChannels, design.inner, stride: config.stride, pixels: pixels)
    norm1Proj = config.norm.make(pixels * pixels * design.inner)
    projection = Linear(pixels * pixels * design.inner, design.outer)
    norm2Proj = config.norm.make(design.outer)
    dropAfterPos = Dropout(config.dropout)
    layers = ModuleList(
      stochasticDepthRates(config.dropPath, count: design.depth).map {
        TNTLayer(pixels: pixels * pixels, dropPath: $0, config)
      })
    norm = config.norm.make(design.outer)
  }

  public var outputs: [FeatureShape] {
    [FeatureShape(channels: config.design.outer, stride: config.patchSize)]
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    let n = x.shape[0]
    var pixels = pixelEmbed(x, pixelPos.value, patches: patches)
    var tokens = norm2Proj(projection(norm1Proj(pixels.reshaped([n, patches, -1]))))
    tokens = Tensor.concatenate([clsToken.value.expanded(to: [n, 1, config.design.outer]), tokens], axis: 1)
    tokens = dropAfterPos(tokens + patchPos.value)
    for layer in layers { (pixels, tokens) = layer(pixels, tokens) }
    return [norm(tokens).selected(1, 0)]
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    // These begin so whatever the rules say.
    for parameter in [clsToken, patchPos, pixelPos] {
      Init.truncatedNormal(parameter, standardDeviation: 0.02, using: &generator)
    }
    applyInitialization(using: &generator)
  }
}

/// The pixels of each patch as short tokens: `[N · patches, pixels², width]`.
final class PixelEmbed: Module {
  let proj: Conv2d
  private let pixels: Int

  init(_ inChannels: Int, _ width: Int, stride: Int, pixels: Int) {
    proj = Conv2d(inChannels, width, kernel: 7, stride: Pair(stride), padding: 3)
    self.pixels = pixels
  }

  func callAsFunction(_ x: Tensor, _ positions: Tensor, patches: Int) -> Tensor {
    let blocks = proj(x).unfold(Pair(pixels), stride: Pair(pixels)).transposed(1, 2)
    let width = proj.outChannels
    return (blocks.reshaped([x.shape[0] * patches, width, pixels, pixels]) + positions)
      .reshaped([x.shape[0] * patches, width, pixels * pixels]).transposed(1, 2)
  }
}

/// Attention and a feed-forward network, each behind a norm and beside a shortcut.
final class TNTBlock: Module {
  let normAttn: any NormLayer
  let attn: AttentionBlock
  let normFfn: any NormLayer
  let ffn: FeedForward

  init(_ width: Int, heads: Int, dropPath: Float, _ config: TransformerInTransformer.Config) {
    normAttn = config.norm.make(width)
    // Without biases of queries, keys and values the last linear layer keeps its own.
    attn = AttentionBlock(
      width, heads: heads, attentionDropout: config.attentionDropout, dropout: config.dropout,
      branchDropout: .path(dropPath), bias: config.qkvBias, outputBias: true)
    normFfn = config.norm.make(width)
    var options = FeedForward.Options()
    (options.layers, options.activation) = (config.feedForwardLayers, .function(.gelu))
    (options.dropout, options.branchDropout) = (config.dropout, .path(dropPath))
    ffn = FeedForward(width, hidden: width * config.ratio, options)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = attn(normAttn(x), identity: x)
    return ffn(normFfn(y), identity: y)
  }
}

/// A block for pixels, what these tell their patches, and a block for patches.
final class TNTLayer: Module {
  let innerBlock: TNTBlock
  let normProj: any NormLayer
  let projection: Linear
  let outerBlock: TNTBlock

  init(pixels: Int, dropPath: Float, _ config: TransformerInTransformer.Config) {
    let design = config.design
    innerBlock = TNTBlock(design.inner, heads: design.innerHeads, dropPath: dropPath, config)
    normProj = config.norm.make(design.inner)
    projection = Linear(design.inner * pixels, design.outer)
    outerBlock = TNTBlock(design.outer, heads: design.outerHeads, dropPath: dropPath, config)
  }

  func callAsFunction(_ pixels: Tensor, _ patches: Tensor) -> (Tensor, Tensor) {
    let pixels = innerBlock(pixels)
    let (n, count) = (patches.shape[0], patches.shape[1] - 1)
    let parts = patches.split(1, sizes: [1, count])
    let told = parts[1] + projection(normProj(pixels).reshaped([n, count, -1]))
    return (pixels, outerBlock(Tensor.concatenate([parts[0], told], axis: 1)))
  }
}

/// The `arch` of a TNT: a name, or its numbers.
struct TNTDesign: ConfigDecodable, Sendable {
  var outer, inner, depth, outerHeads, innerHeads: Int

  init(_ outer: Int, _ inner: Int, _ depth: Int, _ outerHeads: Int, _ innerHeads: Int) {
    (self.outer, self.inner, self.depth) = (outer, inner, depth)
    (self.outerHeads, self.innerHeads) = (outerHeads, innerHeads)
  }

  static let base = TNTDesign(640, 40, 12, 10, 4)
  private static let known = named([("small", TNTDesign(384, 24, 12, 6, 4)), ("base", base)])

  init(from node: ConfigNode, at path: String) throws {
    guard node.string == nil else {
      self = try namedDesign(node, path, role: "TNT", Self.known)
      return
    }
    var reader = try ConfigReader(node, path: path)
    outer = try reader.value("embed_dims_outer", in: ConfigReader.widths)
    inner = try reader.value("embed_dims_inner", in: 1...4096)
    depth = try reader.value("num_layers", in: 1...1000)
    outerHeads = try reader.value("num_heads_outer", in: 1...4096)
    innerHeads = try reader.value("num_heads_inner", in: 1...4096)
    try reader.checkHeads([outerHeads, innerHeads], [outer, inner], key: "num_heads_outer")
    try reader.finish()
  }
}
