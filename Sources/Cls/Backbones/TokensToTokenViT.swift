import Core
import Foundation
import OrderedCollections
import PyConfig
import TorchFile

/// A Vision Transformer whose patches overlap and attend to each other before they become tokens.
///
/// Yuan et al., 2021 (<https://arxiv.org/abs/2101.11986>). Mirrors mmcls's `T2T_ViT`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outIndices` `[N, width, H / 16, W / 16]`, followed by the class token `[N, width]` if asked for.
public final class TokensToTokenViT: Module, TokenBackbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var imageSize: Int
    public var inChannels, width, depth: Int
    public var outIndices: [Int]
    public var dropout: Float
    public var norm: NormConfig
    public var hasFinalNorm, hasClassToken, outputsClassToken: Bool
    public var interpolation: InterpolationMode
    /// Channels of tokens while they are made.
    public var tokenWidth = 64
    /// Of the layers.
    public var heads = 6
    public var hidden: Int
    public var dropPath: Float
    public var layerDropout: Float = 0
    public var attentionDropout: Float = 0
    public var qkvBias = false
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      imageSize = try reader.value("img_size", default: 224, in: 16...16384)
      inChannels = try reader.value("in_channels", default: 3, in: 1...4096)
      width = try reader.value("embed_dims", default: 384, in: ConfigReader.widths)
      let depth = try reader.value("num_layers", default: 14, in: 1...1000)
      self.depth = depth
      let given = try reader.value("out_indices", default: OneOrMany([-1])).elements
      outIndices = given.map { $0 < 0 ? depth + $0 : $0 }
      guard !given.isEmpty, outIndices.allSatisfy((0..<depth).contains) else {
        throw reader.invalid("must be layers, -\(depth)..<\(depth), found \(given)", key: "out_indices")
      }
      dropout = try reader.probability("drop_rate")
      dropPath = try reader.probability("drop_path_rate")
      norm = try reader.tokenNorm(default: .layerNorm())
      hasFinalNorm = try reader.value("final_norm", default: true)
      let hasClassToken = try reader.value("with_cls_token", default: true)
      let outputsClassToken = try reader.value("output_cls_token", default: true)
      (self.hasClassToken, self.outputsClassToken) = (hasClassToken, outputsClassToken)
      guard hasClassToken || !outputsClassToken else {
        throw reader.invalid("needs with_cls_token=True", key: "output_cls_token")
      }
      interpolation = try reader.value("interpolate_mode", default: .bicubic)
      hidden = 3 * width
      if let node = reader.node("t2t_cfg"), !node.isNone {
        var inner = try ConfigReader(node, path: reader.path("t2t_cfg"))
        tokenWidth = try inner.value("token_dims", default: 64, in: 1...4096)
        guard try inner.value("use_performer", default: false) == false else {
          throw inner.invalid(
            "must be False, as in the original, which has no performer", key: "use_performer")
        }
        try inner.finish()
      }
      if let node = reader.node("layer_cfgs"), !node.isNone {
        var inner = try ConfigReader(node, path: reader.path("layer_cfgs"))
        heads = try inner.value("num_heads", default: 6, in: 1...4096)
        hidden = try inner.value("feedforward_channels", default: hidden, in: 1...(1 << 18))
        layerDropout = try inner.probability("drop_rate")
        attentionDropout = try inner.probability("attn_drop_rate")
        qkvBias = try inner.value("qkv_bias", default: false)
        try inner.finish()
      }
      try reader.checkHeads([heads], [width], key: "layer_cfgs.num_heads")
      initialization = try reader.initialization(default: [])
    }
  }

  private let config: Config
  /// `[1, 1, width]`
  let clsToken: Parameter
  /// `[1, 1 + patches, width]`: waves, not trained.
  let posEmbed: Buffer
  let tokensToToken: TokensToToken
  let dropAfterPos: Dropout
  let encoder: ModuleList<TokensToTokenLayer>
  let norm: (any NormLayer)?
  private let side: Int
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    side = config.imageSize / 16
    clsToken = Parameter(.zeros([1, 1, config.width]))
    posEmbed = Buffer(Self.waves(1 + side * side, config.width))
    tokensToToken = TokensToToken(config.inChannels, config.width, tokenWidth: config.tokenWidth)
    dropAfterPos = Dropout(config.dropout)
    encoder = ModuleList(
      stochasticDepthRates(config.dropPath, count: config.depth).map { rate in
        var options = TokensToTokenLayer.Options()
        (options.dropPath, options.dropout) = (rate, config.layerDropout)
        (options.attentionDropout, options.qkvBias, options.norm) = (
          config.attentionDropout, config.qkvBias, config.norm
        )
        return TokensToTokenLayer(config.width, heads: config.heads, hidden: config.hidden, options)
      })
    norm = config.hasFinalNorm ? config.norm.make(config.width) : nil
    outputs = config.outIndices.map { _ in FeatureShape(channels: config.width, stride: 16) }
  }

  public var tokensPerOutput: Int { config.outputsClassToken ? 1 : 0 }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var (x, size) = tokensToToken(x)
    x = Tensor.concatenate([clsToken.value.expanded(to: [x.shape[0], 1, config.width]), x], axis: 1)
    x = dropAfterPos(
      x + posEmbed.value.resizedPositions(from: Pair(side), to: size, extra: 1, mode: config.interpolation))
    if !config.hasClassToken { x = x.sliced(1, 1..<x.shape[1]) }
    var features: [Tensor] = []
    for (index, layer) in encoder.enumerated() {
      x = layer(x)
      if index == encoder.count - 1, let norm { x = norm(x) }
      guard config.outIndices.contains(index) else { continue }
      features.append(x.sliced(1, (config.hasClassToken ? 1 : 0)..<x.shape[1]).tokensAsMap(size))
      if config.outputsClassToken { features.append(x.selected(1, 0)) }
    }
    return features
  }

  /// Sines and cosines of positions, in double precision before they are stored.
  private static func waves(_ count: Int, _ width: Int) -> Tensor {
    let values = (0..<count).flatMap { position in
      (0..<width).map { channel -> Float in
        let angle = Double(position) * pow(10000, -Double(channel - channel % 2) / Double(width))
        return Float(channel % 2 == 0 ? sin(angle) : cos(angle))
      }
    }
    return Tensor(values, shape: [1, count, width])
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if !startsFromFile { Init.truncatedNormal(clsToken, standardDeviation: 0.02, using: &generator) }
  }
}

extension TokensToTokenViT: PartAdapting {
  /// A position embedding of square images of another size is resized.
  public func adaptState(_ state: inout OrderedDictionary<String, StoredTensor>) {
    state.resizePositions(
      "pos_embed", to: Pair(side), like: Parameter(posEmbed.value, requiresGradient: false), extra: 1,
      mode: config.interpolation)
  }
}

/// Makes tokens of an image in three steps: overlapping patches, and twice attention among them and joining of neighbours.
final class TokensToToken: Module {
  let attention1: TokensToTokenLayer
  let attention2: TokensToTokenLayer
  let project: Linear

  init(_ inChannels: Int, _ width: Int, tokenWidth: Int) {
    func layer(_ inFeatures: Int) -> TokensToTokenLayer {
      var options = TokensToTokenLayer.Options()
      options.inFeatures = inFeatures
      return TokensToTokenLayer(tokenWidth, heads: 1, hidden: tokenWidth, options)
    }
    attention1 = layer(49 * inChannels)
    attention2 = layer(9 * tokenWidth)
    project = Linear(9 * tokenWidth, width)
  }

  func callAsFunction(_ x: Tensor) -> (tokens: Tensor, size: Pair) {
    var (tokens, size) = split(x, kernel: 7, stride: 4, padding: 2)
    for layer in [attention1, attention2] {
      (tokens, size) = split(layer(tokens).tokensAsMap(size), kernel: 3, stride: 2, padding: 1)
    }
    return (project(tokens), size)
  }

  /// The blocks of a map as tokens.
  private func split(_ map: Tensor, kernel: Int, stride: Int, padding: Int) -> (Tensor, Pair) {
    func count(_ size: Int) -> Int { (size + 2 * padding - kernel) / stride + 1 }
    let size = Pair(h: count(map.shape[2]), w: count(map.shape[3]))
    return (map.unfold(Pair(kernel), padding: Pair(padding), stride: Pair(stride)).transposed(1, 2), size)
  }
}

/// Attention and a feed-forward network, each behind a norm; the shortcut around attention is that of the input or, where
/// the width changes, of the values.
final class TokensToTokenLayer: Module {
  struct Options: Sendable {
    /// `nil`: as many as come out.
    var inFeatures: Int?
    var dropout: Float = 0
    var attentionDropout: Float = 0
    var dropPath: Float = 0
    var qkvBias = false
    var norm = NormConfig.layerNorm()
  }

  @Named var norm1: any NormLayer
  let attn: SelfAttention
  @Named var norm2: any NormLayer
  let ffn: FeedForward
  private let changesWidth: Bool

  init(_ width: Int, heads: Int, hidden: Int, _ options: Options) {
    changesWidth = options.inFeatures != nil
    let inFeatures = options.inFeatures ?? width
    _norm1 = options.norm.named(inFeatures, suffix: "1")
    var attention = SelfAttention.Options()
    (attention.inFeatures, attention.qkvBias) = (inFeatures, options.qkvBias)
    (attention.dropout, attention.attentionDropout) = (options.dropout, options.attentionDropout)
    (attention.branchDropout, attention.addsValues) = (.path(options.dropPath), changesWidth)
    // By the width that goes in.
    attention.scale = 1 / Float(inFeatures / heads).squareRoot()
    attn = SelfAttention(width, heads: heads, attention)
    _norm2 = options.norm.named(width, suffix: "2")
    var feedForward = FeedForward.Options()
    (feedForward.activation, feedForward.dropout) = (.function(.gelu), options.dropout)
    feedForward.branchDropout = .path(options.dropPath)
    ffn = FeedForward(width, hidden: hidden, feedForward)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = attn(norm1(x))
    let attended = changesWidth ? y : x + y
    return ffn(norm2(attended), identity: attended)
  }
}
