/// A pyramid of transformer stages, each on a smaller map than the one before.
///
/// Three networks of this kind are one class: PVT (Wang et al., 2021, <https://arxiv.org/abs/2102.12122>), PVTv2
/// (<https://arxiv.org/abs/2106.13797>) and SegFormer's encoder MiT (Xie et al., 2021,
/// <https://arxiv.org/abs/2105.15203>).
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outIndices` `[N, width · heads_i, H_i, W_i]`
public final class PyramidVisionTransformer: Module, Backbone, ConfiguredModule {
  public struct Config: Sendable {
    /// The size of images for which position embeddings are made.
    public var imageSize: Pair = 224
    public var inChannels = 3
    /// Channels of a head.
    public var width = 64
    public var depths = [3, 4, 6, 3]
    public var heads = [1, 2, 5, 8]
    public var patchSizes = [4, 2, 2, 2]
    public var strides = [4, 2, 2, 2]
    public var paddings = [0, 0, 0, 0]
    /// By how much the keys' map of each stage is smaller than the queries'.
    public var ratios = [8, 4, 2, 1]
    public var mlpRatios = [8, 8, 4, 4]
    public var outIndices = [0, 1, 2, 3]
    public var qkvBias = true
    public var dropout: Float = 0
    public var attentionDropout: Float = 0
    /// The probability with which the last layer is dropped; it grows evenly up to there.
    public var dropPath: Float = 0.1
    public var hasAbsolutePosition = true
    public var hasStageNorm = false
    /// Whether feed-forward networks have a 3x3 convolution.
    public var hasConvolution = false
    public var activation = ActivationConfig.function(.gelu)
    public var norm = NormConfig.layerNorm(eps: 1e-6)
    /// Whether files with weights for training are the authors' own.
    public var convertsWeights = false
    public var initialization: [InitConfig] = []

    public init() {}
  }

  public let config: Config
  let layers: ModuleList<PyramidVisionStage>
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let rates = stochasticDepthRates(config.dropPath, count: config.depths.reduce(0, +))
    var (channels, stride, patch, layer) = (config.inChannels, 1, 1, 0)
    var stages: [PyramidVisionStage] = []
    var shapes: [FeatureShape] = []
    for (index, depth) in config.depths.enumerated() {
      let width = config.width * config.heads[index]
      let embedding = PatchEmbed(
        channels, width, kernel: Pair(config.patchSizes[index]), stride: Pair(config.strides[index]),
        padding: .fixed(Pair(config.paddings[index])), norm: config.norm)
      patch *= config.patchSizes[index]
      let position =
        config.hasAbsolutePosition
        ? AbsolutePositionEmbedding(
          Pair(h: config.imageSize.h / patch, w: config.imageSize.w / patch), width, dropout: config.dropout)
        : nil
      let blocks = (0..<depth).map { i in
        var options = PyramidLayerOptions()
        (options.dropout, options.attentionDropout) = (config.dropout, config.attentionDropout)
        (options.dropPath, options.qkvBias) = (rates[layer + i], config.qkvBias)
        (options.activation, options.norm) = (config.activation, config.norm)
        options.hasConvolution = config.hasConvolution
        return PyramidVisionLayer(
          width, heads: config.heads[index], hidden: config.mlpRatios[index] * width,
          ratio: config.ratios[index], options)
      }
      stages.append(
        PyramidVisionStage(
          embedding, position: position, blocks, norm: config.hasStageNorm ? config.norm.make(width) : nil))
      (channels, stride, layer) = (width, stride * config.strides[index], layer + depth)
      shapes.append(FeatureShape(channels: width, stride: stride))
    }
    layers = ModuleList(stages)
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = x
    var features: [Tensor] = []
    for (index, stage) in layers.enumerated() {
      x = stage(x)
      if config.outIndices.contains(index) { features.append(x) }
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
    forEachModule { _, module in
      guard let position = module as? AbsolutePositionEmbedding else { return }
      Init.truncatedNormal(position.posEmbed, standardDeviation: 0.02, using: &generator)
    }
  }
}
