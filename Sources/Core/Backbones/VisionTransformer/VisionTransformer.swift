/// The Vision Transformer of Dosovitskiy et al., 2020 (<https://arxiv.org/abs/2010.11929>), and DeiT of Touvron et al.,
/// 2020 (<https://arxiv.org/abs/2012.12877>), which has a second token.
///
/// One class serves all suites; what differs between them is in their configs.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outIndices` `[N, width, H / patch, W / patch]`, followed by the tokens `[N, width]` of the class
///   and, in DeiT, of distillation where these are asked for.
public final class VisionTransformer: Module, TokenBackbone, ConfiguredModule {
  /// Keys of the attention layers.
  public enum AttentionKind: Sendable {
    /// mmcv's, with `attn.attn.in_proj_weight`.
    case torch
    /// mmcls's, with `attn.qkv.weight`.
    case packed
  }

  public struct Config: Sendable {
    /// The size of images for which the position embedding is made.
    public var imageSize: Pair = 224
    public var patch = PatchEmbed.Options()
    public var width = 768
    public var depth = 12
    public var heads = 12
    public var hidden = 3072
    public var outIndices = [11]
    public var attention = AttentionKind.torch
    public var qkvBias = true
    public var dropout: Float = 0
    public var attentionDropout: Float = 0
    /// The probability with which the last layer is dropped; it grows evenly up to there.
    public var dropPath: Float = 0
    public var feedForwardLayers = 2
    public var activation = ActivationConfig.function(.gelu)
    public var norm = NormConfig.layerNorm()
    public var hasFinalNorm = false
    /// Tokens besides those of patches: 2 with a token of distillation.
    public var extraTokens = 1
    /// Whether these go through the layers.
    public var hasClassToken = true
    public var outputsClassToken = false
    public var interpolation = InterpolationMode.bicubic
    /// Whether layer norms stay in evaluation, which changes nothing of their work.
    public var evaluatesNorm = false
    public var initialization: [InitConfig] = []

    public init() {}
  }

  public let config: Config
  /// `[1, 1, width]`
  let clsToken: Parameter
  /// `[1, extra + patches, width]`
  let posEmbed: Parameter
  /// `[1, 1, width]`
  let distToken: Parameter?
  let patchEmbed: PatchEmbed
  let dropAfterPos: Dropout
  let layers: ModuleList<VisionTransformerLayer>
  @Named var norm1: (any NormLayer)?
  /// The map for which the position embedding is made.
  public let patches: Pair
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    clsToken = Parameter(.zeros([1, 1, config.width]))
    patchEmbed = PatchEmbed(config.width, config.patch)
    // mmseg counts whole patches, mmcls what the embedding gives, padding included.
    patches =
      config.attention == .packed
      ? patchEmbed.outputSize(config.imageSize)
      : Pair(h: config.imageSize.h / patchEmbed.stride.h, w: config.imageSize.w / patchEmbed.stride.w)
    posEmbed = Parameter(.zeros([1, config.extraTokens + patches.h * patches.w, config.width]))
    distToken = config.extraTokens > 1 ? Parameter(.zeros([1, 1, config.width])) : nil
    dropAfterPos = Dropout(config.dropout)
    let rates = stochasticDepthRates(config.dropPath, count: config.depth)
    layers = ModuleList(
      (0..<config.depth).map { index in
        var options = VisionTransformerLayer.Options()
        (options.attention, options.hidden) = (config.attention, config.hidden)
        (options.dropout, options.attentionDropout) = (config.dropout, config.attentionDropout)
        (options.dropPath, options.feedForwardLayers) = (rates[index], config.feedForwardLayers)
        (options.qkvBias, options.activation, options.norm) = (config.qkvBias, config.activation, config.norm)
        return VisionTransformerLayer(config.width, heads: config.heads, options)
      })
    _norm1 = Named(config.norm.abbreviation + "1", config.hasFinalNorm ? config.norm.make(config.width) : nil)
    outputs = config.outIndices.map { _ in
      FeatureShape(channels: config.width, stride: config.patch.stride?.h ?? config.patch.kernel.h)
    }
  }

  public var tokensPerOutput: Int { config.outputsClassToken ? config.extraTokens : 0 }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var (x, size) = patchEmbed(x)
    let (n, extra) = (x.shape[0], config.extraTokens)
    let tokens = [clsToken, distToken].compactMap { $0?.value.expanded(to: [n, 1, config.width]) }
    x = Tensor.concatenate(tokens + [x], axis: 1)
    x = dropAfterPos(x + positions(size, count: x.shape[1]))
    if !config.hasClassToken { x = x.sliced(1, extra..<x.shape[1]) }
    var features: [Tensor] = []
    for (index, layer) in layers.enumerated() {
      x = layer(x)
      if index == layers.count - 1, let norm1 { x = norm1(x) }
      guard config.outIndices.contains(index) else { continue }
      let first = config.hasClassToken ? extra : 0
      features.append(x.sliced(1, first..<x.shape[1]).tokensAsMap(size))
      if config.outputsClassToken { features += (0..<extra).map { x.selected(1, $0) } }
    }
    return features
  }

  /// The position embedding for a map of `size`.
  private func positions(_ size: Pair, count: Int) -> Tensor {
    // mmseg looks at the number of tokens only: a map turned round keeps its embedding.
    if config.attention == .torch, count == posEmbed.shape[1] { return posEmbed.value }
    return posEmbed.value.resizedPositions(
      from: patches, to: size, extra: config.extraTokens, mode: config.interpolation)
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    guard isTraining && config.evaluatesNorm else { return }
    forEachModule { _, module in
      if module is LayerNorm { module.train(false) }
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if startsFromFile { return }
    switch config.attention {
    case .packed:
      // mmcls: feed-forward networks have the last word, and the tokens of patches and distillation small numbers.
      initializeFeedForward(using: &generator) { Init.xavier($0, distribution: .uniform, using: &$1) }
      for parameter in [posEmbed, distToken].compactMap({ $0 }) {
        Init.truncatedNormal(parameter, standardDeviation: 0.02, using: &generator)
      }
    case .torch:
      guard initialization.isEmpty else { return }
      for parameter in [posEmbed, clsToken] {
        Init.truncatedNormal(parameter, standardDeviation: 0.02, using: &generator)
      }
      initializeAsSegmentationTransformer(using: &generator)
    }
  }
}

/// A backbone whose outputs are followed by tokens that stand for the whole image.
public protocol TokenBackbone: Backbone {
  /// How many tokens `[N, width]` follow each feature map.
  var tokensPerOutput: Int { get }
}
