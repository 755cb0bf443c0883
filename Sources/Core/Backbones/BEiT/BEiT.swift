/// BEiT of Bao et al., 2021 (<https://arxiv.org/abs/2106.08254>), and with a position embedding the backbone that MAE (He et
/// al., 2021, <https://arxiv.org/abs/2111.06377>) trains.
///
/// - Input: `[N, inChannels, H, W]` of the size that the position biases are made for.
/// - Output: for each of `outIndices` `[N, width, H / patch, W / patch]`
public final class BEiT: Module, FixedSizeBackbone, ConfiguredModule {
  public struct Config: Sendable {
    public var imageSize: Pair = 224
    public var patchSize = 16
    public var inChannels = 3
    public var width = 768
    public var depth = 12
    public var heads = 12
    public var mlpRatio = 4
    public var outIndices = [11]
    /// Whether queries and values have biases of their own.
    public var hasQueryValueBias = true
    /// Whether it is MAE's: with a position embedding, biases in the linear layers and smaller first values.
    public var isMAE = false
    public var attentionDropout: Float = 0
    /// The probability with which the last layer is dropped; it grows evenly up to there.
    public var dropPath: Float = 0
    public var feedForwardLayers = 2
    public var activation = ActivationConfig.function(.gelu)
    public var norm = NormConfig.layerNorm()
    public var hasPatchNorm = false
    public var hasFinalNorm = false
    /// From which the scales of the branches start.
    public var initialScale = 0.1
    /// Whether layer norms stay in evaluation, which changes nothing of their work.
    public var evaluatesNorm = false
    public var initialization: [InitConfig] = []

    public init() {}
  }

  public let config: Config
  /// `[1, 1, width]`
  let clsToken: Parameter
  /// `[1, 1 + patches, width]`
  let posEmbed: Parameter?
  let patchEmbed: PatchEmbed
  let layers: ModuleList<BEiTLayer>
  @Named var norm1: (any NormLayer)?
  /// The map for which position biases are made.
  public let patches: Pair
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let patches = Pair(h: config.imageSize.h / config.patchSize, w: config.imageSize.w / config.patchSize)
    self.patches = patches
    clsToken = Parameter(.zeros([1, 1, config.width]))
    posEmbed = config.isMAE ? Parameter(.zeros([1, 1 + patches.h * patches.w, config.width])) : nil
    patchEmbed = PatchEmbed(
      config.inChannels, config.width, kernel: Pair(config.patchSize), padding: .fixed(0),
      norm: config.hasPatchNorm ? config.norm : nil)
    let rates = stochasticDepthRates(config.dropPath, count: config.depth)
    let index = BEiTAttention.index(patches)
    let bias: BEiTAttention.Bias = config.isMAE ? .all : config.hasQueryValueBias ? .queriesAndValues : .none
    layers = ModuleList(
      rates.map { rate in
        BEiTLayer(
          config.width,
          BEiTAttention(
            config.width, heads: config.heads, patches: patches, bias: bias,
            attentionDropout: config.attentionDropout, index: index), dropPath: rate, config)
      })
    _norm1 = Named(config.norm.abbreviation + "1", config.hasFinalNorm ? config.norm.make(config.width) : nil)
    outputs = config.outIndices.map { _ in FeatureShape(channels: config.width, stride: config.patchSize) }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var (x, size) = patchEmbed(x)
    x = Tensor.concatenate([clsToken.value.expanded(to: [x.shape[0], 1, config.width]), x], axis: 1)
    if let posEmbed { x = x + posEmbed.value }
    var features: [Tensor] = []
    for (index, layer) in layers.enumerated() {
      x = layer(x)
      if index == layers.count - 1, let norm1 { x = norm1(x) }
      if config.outIndices.contains(index) { features.append(x.sliced(1, 1..<x.shape[1]).tokensAsMap(size)) }
    }
    return features
  }

  public var acceptedHeights: ClosedRange<Int> { accepted(patches.h) }
  public var acceptedWidths: ClosedRange<Int> { accepted(patches.w) }
  /// Sides that hold as many patches.
  private func accepted(_ patches: Int) -> ClosedRange<Int> {
    (patches * config.patchSize)...((patches + 1) * config.patchSize - 1)
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
    initializeAsTransformer(using: &generator)
    if config.isMAE {
      // Deeper layers begin with smaller steps.
      for (index, layer) in layers.enumerated() {
        for linear in [layer.attn.proj, layer.ffn.layers[1] as? Linear].compactMap({ $0 }) {
          let factor = 1 / Float(2 * (index + 1)).squareRoot()
          linear.weight.assign(withoutGradient { linear.weight.value.detached() * factor })
        }
      }
    }
    guard initialization.isEmpty else {
      for rule in initialization { rule.apply(to: self, using: &generator) }
      return
    }
    Init.truncatedNormal(clsToken, standardDeviation: 0.02, using: &generator)
    initializeAsSegmentationTransformer(using: &generator)
  }
}
