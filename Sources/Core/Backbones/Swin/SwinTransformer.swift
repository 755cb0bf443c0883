/// The Swin Transformer of Liu et al., 2021 (<https://arxiv.org/abs/2103.14030>).
///
/// One class serves all suites; what differs between them is in their configs.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outIndices` `[N, width · 2^i, H / (4 · 2^i), W / (4 · 2^i)]`
public final class SwinTransformer: Module, Backbone, ConfiguredModule {
  /// How a position embedding of its own is kept, if there is one.
  public enum AbsolutePosition: Sendable {
    case none
    /// `[1, width, H, W]`, resized to each image.
    case map
    /// `[1, H · W, width]`, resized to each image.
    case tokens
  }

  public struct Config: Sendable {
    /// The size of images for which the position embedding is made.
    public var imageSize: Pair = 224
    public var inChannels = 3
    public var width = 96
    /// Side of a patch, and strides of the embedding and of the merging layers.
    public var strides = [4, 2, 2, 2]
    public var mlpRatio = 4.0
    public var depths = [2, 2, 6, 2]
    public var heads = [3, 6, 12, 24]
    public var outIndices = [0, 1, 2, 3]
    /// Side of the windows of each stage.
    public var windows = [7, 7, 7, 7]
    public var qkvBias = true
    /// What scores are multiplied by; `1 / √d` unless given.
    public var scale: Float?
    public var hasPatchNorm = true
    public var dropout: Float = 0
    /// Behind the embedding; `dropout` unless given.
    public var positionDropout: Float?
    public var attentionDropout: Float = 0
    /// The probability with which the last block is dropped; it grows evenly up to there.
    public var dropPath: Float = 0.1
    public var absolutePosition = AbsolutePosition.none
    public var interpolation = InterpolationMode.bicubic
    public var activation = ActivationConfig.function(.gelu)
    public var norm = NormConfig(.layerNorm)
    /// Of the outputs; `nil`: none.
    public var outputNorm: NormConfig? = NormConfig(.layerNorm)
    public var evaluatesNorm = false
    /// Stages that are not trained. -1 freezes nothing. What else the number means is `freezing`.
    public var frozenStages = -1
    public var freezing = Freezing.before
    /// mmcls's ways: the order of a merging layer's parts, small maps without a shift, outputs behind merging.
    public var reductionFirst = false
    public var sparesSmallMaps = false
    public var outputsMerged = false
    /// Whether files with weights for training are the authors' own.
    public var convertsWeights = false
    /// Whether of other files only keys below `backbone` are taken.
    public var dropsForeignKeys = false
    public var initialization: [InitConfig] = []
    /// Whether a model without rules starts as mmdet and mmseg start it.
    public var hasOwnInitialization = true

    public init() {}
  }

  /// What `frozenStages = n` means beyond the embedding.
  public enum Freezing: Sendable {
    /// The first `n` stages and their output norms.
    case before
    /// Stages up to number `n`, and the values of their output norms.
    case upTo
  }

  public let config: Config
  let absolutePosEmbed: Parameter?
  let patchEmbed: PatchEmbed
  let dropAfterPos: Dropout
  let stages: ModuleList<SwinStage>
  private let norms: ListedNorms
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    patchEmbed = PatchEmbed(
      config.inChannels, config.width, kernel: Pair(config.strides[0]),
      norm: config.hasPatchNorm ? config.norm : nil)
    let patches = Pair(h: config.imageSize.h / config.strides[0], w: config.imageSize.w / config.strides[0])
    switch config.absolutePosition {
    case .none: absolutePosEmbed = nil
    case .map: absolutePosEmbed = Parameter(.zeros([1, config.width, patches.h, patches.w]))
    case .tokens: absolutePosEmbed = Parameter(.zeros([1, patches.h * patches.w, config.width]))
    }
    dropAfterPos = Dropout(config.positionDropout ?? config.dropout)
    let rates = stochasticDepthRates(config.dropPath, count: config.depths.reduce(0, +))
    var (width, stride, block) = (config.width, config.strides[0], 0)
    var stages: [SwinStage] = []
    var shapes: [FeatureShape] = []
    for (index, depth) in config.depths.enumerated() {
      let blocks = (0..<depth).map { i in
        var options = SwinBlock.Options()
        (options.window, options.isShifted) = (config.windows[index], i % 2 == 1)
        (options.qkvBias, options.scale) = (config.qkvBias, config.scale)
        (options.dropout, options.attentionDropout) = (config.dropout, config.attentionDropout)
        options.dropPath = rates[block + i]
        (options.activation, options.norm) = (config.activation, config.norm)
        options.spareSmallMaps = config.sparesSmallMaps
        return SwinBlock(
          width, heads: config.heads[index], hidden: Int(config.mlpRatio * Double(width)), options)
      }
      block += depth
      var merging: PatchMerging?
      if index + 1 < config.depths.count {
        var options = PatchMerging.Options()
        options.stride = Pair(config.strides[index + 1])
        options.norm = config.hasPatchNorm ? config.norm : nil
        options.reductionFirst = config.reductionFirst
        merging = PatchMerging(width, 2 * width, options)
      }
      stages.append(SwinStage(blocks, downsample: merging))
      if !config.outputsMerged { shapes.append(FeatureShape(channels: width, stride: stride)) }
      if merging != nil { (width, stride) = (2 * width, stride * config.strides[index + 1]) }
      if config.outputsMerged { shapes.append(FeatureShape(channels: width, stride: stride)) }
    }
    self.stages = ModuleList(stages)
    norms = ListedNorms(
      numbered: config.outIndices.map { ($0, config.outputNorm?.make(shapes[$0].channels)) })
    outputs = config.outIndices.sorted().map { shapes[$0] }
  }

  public override var listedChildren: [(key: String, module: Module)] { norms.listed }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var (x, size) = patchEmbed(x)
    if let position = absolutePosition(size) { x = x + position }
    x = dropAfterPos(x)
    var features: [Tensor] = []
    for (index, stage) in stages.enumerated() {
      x = stage(x, size)
      if config.outputsMerged, let merging = stage.downsample { (x, size) = merging(x, size) }
      if config.outIndices.contains(index) { features.append((norms[index]?(x) ?? x).tokensAsMap(size)) }
      if !config.outputsMerged, let merging = stage.downsample { (x, size) = merging(x, size) }
    }
    return features
  }

  /// The position embedding for a map of `size`, `[1, H · W, width]`.
  private func absolutePosition(_ size: Pair) -> Tensor? {
    guard let embedding = absolutePosEmbed?.value else { return nil }
    let trained = Pair(h: config.imageSize.h / config.strides[0], w: config.imageSize.w / config.strides[0])
    let map = embedding.rank == 4 ? embedding : embedding.tokensAsMap(trained)
    return (trained == size ? map : map.interpolate(size: size, mode: config.interpolation)).mapAsTokens()
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  private func freezeStages() {
    guard config.frozenStages >= 0 else { return }
    patchEmbed.freeze()
    switch config.freezing {
    case .before:
      absolutePosEmbed?.requiresGradient = false
      dropAfterPos.train(false)
      for (index, stage) in stages.prefix(config.frozenStages).enumerated() {
        norms[index]?.freeze()
        stage.freeze()
      }
    case .upTo:
      for (index, stage) in stages.prefix(config.frozenStages + 1).enumerated() {
        stage.freeze()
        norms[index]?.setRequiresGradient(false)
      }
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
    if !config.hasOwnInitialization {
      // mmcls: the tables start as small numbers, too.
      forEachModule { _, module in
        guard let attention = module as? WindowAttention else { return }
        Init.truncatedNormal(attention.relativePositionBiasTable, standardDeviation: 0.02, using: &generator)
      }
    } else if initialization.isEmpty {
      initializeAsTransformer(using: &generator)
    }
    if let absolutePosEmbed, initialization.isEmpty || !config.hasOwnInitialization {
      Init.truncatedNormal(absolutePosEmbed, standardDeviation: 0.02, using: &generator)
    }
  }
}
