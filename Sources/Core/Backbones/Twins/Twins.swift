/// The Twins networks PCPVT and SVT of Chu et al., 2021 (<https://arxiv.org/abs/2104.13840>).
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outIndices` `[N, widths_i, H_i, W_i]`
public final class Twins: Module, Backbone, ConfiguredModule {
  public struct Config: Sendable {
    public var inChannels = 3
    public var widths = [64, 128, 256, 512]
    public var patchSizes = [4, 2, 2, 2]
    public var strides = [4, 2, 2, 2]
    public var heads = [1, 2, 4, 8]
    public var mlpRatios = [4, 4, 4, 4]
    public var depths = [3, 4, 6, 3]
    /// By how much the keys' map of each stage is smaller than the queries'.
    public var ratios = [8, 4, 2, 1]
    /// Sides of windows; with them it is SVT, whose every other layer, from the first on, attends to windows.
    public var windows: [Int]?
    public var outIndices = [0, 1, 2, 3]
    public var qkvBias = false
    public var dropout: Float = 0
    public var attentionDropout: Float = 0
    /// The probability with which the last layer is dropped; it grows evenly up to there.
    public var dropPath: Float = 0
    /// Of patches, of layers and behind stages; of the latter where there is one.
    public var patchNorm = NormConfig.layerNorm()
    public var layerNorm = NormConfig.layerNorm()
    public var windowLayerNorm = NormConfig.layerNorm()
    public var stageNorm = NormConfig.layerNorm()
    public var hasStageNorm = [false, false, false, false]
    /// Whether keys are mmseg's.
    public var isSegmentation = true
    public var initialization: [InitConfig] = []

    public init() {}
  }

  public let config: Config
  let patchEmbeds: ModuleList<PatchEmbed>
  let positionEncodingDrops: ModuleList<Dropout>
  @Named var layers: ModuleList<ModuleList<TwinsLayer>>
  let positionEncodings: ModuleList<ConditionalPositionEncoding>
  private let norms: ListedNorms
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let stages = config.depths.count
    patchEmbeds = ModuleList(
      (0..<stages).map { index in
        PatchEmbed(
          index == 0 ? config.inChannels : config.widths[index - 1], config.widths[index],
          kernel: Pair(config.patchSizes[index]), stride: Pair(config.strides[index]), norm: config.patchNorm)
      })
    positionEncodingDrops = ModuleList((0..<stages).map { _ in Dropout(config.dropout) })
    let rates = stochasticDepthRates(config.dropPath, count: config.depths.reduce(0, +))
    let layers = (0..<stages).map { stage -> ModuleList<TwinsLayer> in
      let first = config.depths.prefix(stage).reduce(0, +)
      return ModuleList<TwinsLayer>(
        (0..<config.depths[stage]).map { index in
          let window = index % 2 == 0 ? config.windows?[stage] : nil
          var options = PyramidLayerOptions()
          (options.dropout, options.attentionDropout) = (config.dropout, config.attentionDropout)
          (options.dropPath, options.qkvBias) = (rates[first + index], config.qkvBias)
          options.norm = window == nil ? config.layerNorm : config.windowLayerNorm
          return TwinsLayer(
            config.widths[stage], heads: config.heads[stage],
            hidden: config.mlpRatios[stage] * config.widths[stage],
            window.map { .local(window: $0) } ?? .global(ratio: config.ratios[stage]),
            usesTorchAttention: config.isSegmentation, options)
        })
    }
    _layers = Named(config.isSegmentation ? "layers" : "stages", ModuleList(layers))
    positionEncodings = ModuleList(config.widths.prefix(stages).map { ConditionalPositionEncoding($0) })
    norms = ListedNorms(
      (0..<stages).compactMap { stage in
        guard config.hasStageNorm[stage] else { return nil }
        let key = config.isSegmentation ? "norm_list.\(stage)" : "norm_after_stage\(stage)"
        return (stage, key, config.stageNorm.make(config.widths[stage]))
      })
    var stride = 1
    let shapes = (0..<stages).map { stage in
      stride *= config.strides[stage]
      return FeatureShape(channels: config.widths[stage], stride: stride)
    }
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  public override var listedChildren: [(key: String, module: Module)] { norms.listed }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var map = x
    var features: [Tensor] = []
    for (stage, layers) in layers.enumerated() {
      var (x, size) = patchEmbeds[stage](map)
      x = positionEncodingDrops[stage](x)
      for (index, layer) in layers.enumerated() {
        x = layer(x, size)
        if index == 0 { x = positionEncodings[stage](x, size) }
      }
      map = (norms[stage]?(x) ?? x).tokensAsMap(size)
      if config.outIndices.contains(stage) { features.append(map) }
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
    guard initialization.isEmpty else { return }
    initializeAsTransformer(using: &generator)
    initializeConvolutionsByFanOut(using: &generator)
  }
}
