/// EfficientNet and its variant for edge devices.
///
/// Tan and Le, 2019 (<https://arxiv.org/abs/1905.11946>). Mirrors `EfficientNet` of mmcls and mmdet.
///
/// - Input: `[N, 3, H, W]`
/// - Output: the layers in `outIndices`: 0 is the first convolution, then come stages of blocks, 6 is the last
///   convolution.
public final class EfficientNet: Module, Backbone, ConfiguredModule {
  public struct Config: Sendable {
    public var design = EfficientNetDesign.known["b0"] ?? EfficientNetDesign(width: 1, depth: 1)
    public var dropPath: Float = 0
    public var outIndices = [6]
    /// How many layers from the first on are not trained.
    public var frozenStages = 0
    public var style = ConvStyle(
      conv: ConvConfig(.adaptivePadding), norm: EfficientNet.standardNorm, activation: .function(.silu))
    public var evaluatesNorm = false
    /// Whether layers behind the last one that is returned are left out.
    public var omitsUnused = false
    public var initialization: [InitConfig] = [
      .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
    ]

    public init() {}
  }

  /// Batch normalisation with `eps` 1e-3.
  public static let standardNorm: NormConfig = {
    var norm = NormConfig.batchNorm
    norm.eps = 1e-3
    return norm
  }()

  private let config: Config
  let layers: Sequential
  public let outputs: [FeatureShape]

  /// - Throws: `InvalidConfig` where the options do not go together.
  public init(_ config: Config) throws {
    self.config = config
    let (style, design) = (config.style, config.design)
    let stages = design.stages
    try style.check(channels: design.channels)
    try style.conv.check(channels: [3] + design.channels)
    let last = config.omitsUnused ? config.outIndices.max() ?? 0 : stages.count + 1
    var layers: [any UnaryModule] = [
      style.make(3, design.stemChannels, kernel: 3, stride: 2, padding: 1)
    ]
    let rates = dropPathRates(config.dropPath, count: stages.reduce(0) { $0 + $1.count })
    var (width, block, stride) = (design.stemChannels, 0, 2)
    var shapes = [FeatureShape(channels: width, stride: 2)]
    for stage in stages.prefix(last) {
      layers.append(
        Sequential(
          stage.enumerated().map { index, setting in
            defer {
              block += 1
              (width, stride) = (setting.channels, stride * setting.stride)
            }
            return Self.block(setting, index, width, dropPath: rates[block], style)
          }))
      shapes.append(FeatureShape(channels: width, stride: stride))
    }
    if last == stages.count + 1 {
      layers.append(style.make(width, design.lastChannels, kernel: 1))
      shapes.append(FeatureShape(channels: design.lastChannels, stride: stride))
    }
    self.layers = Sequential(layers)
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  /// - Parameter index: the block's number in its stage.
  private static func block(
    _ setting: EfficientNetDesign.Block, _ index: Int, _ inChannels: Int, dropPath: Float, _ style: ConvStyle
  ) -> any UnaryModule {
    let activations = (style.activation ?? .relu, ActivationConfig.function(.sigmoid))
    if setting.isEdge {
      let isSpecial = index > 0 && setting.expansion == 3
      let middle = inChannels * (isSpecial ? 4 : setting.expansion)
      return EdgeResidual(
        inChannels, setting.channels, middle: middle, kernel: setting.kernel, stride: setting.stride,
        squeezed: setting.squeeze > 0
          ? middle / (setting.squeeze * (isSpecial ? 4 : setting.expansion)) : nil,
        squeezeActivations: activations, hasShortcut: !isSpecial, dropPath: dropPath, style)
    }
    let middle = inChannels * setting.expansion
    var options = InvertedResidualV3.Options()
    (options.kernel, options.stride) = (setting.kernel, setting.stride)
    options.squeezed = setting.squeeze > 0 ? max(1, middle / (setting.squeeze * setting.expansion)) : nil
    options.squeezeActivations = activations
    (options.style, options.dropPath) = (style, dropPath)
    return InvertedResidualV3(inChannels, setting.channels, middle: middle, options)
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] { x.features(layers.layers, at: config.outIndices) }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    // Only `train` freezes, as in the original.
    for layer in layers.layers.prefix(config.frozenStages) { layer.freeze() }
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// A convolution that widens, perhaps squeeze and excitation, and a 1x1 convolution that narrows.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
final class EdgeResidual: Module, UnaryModule {
  let conv1: ConvModule
  let se: SELayer?
  let conv2: ConvModule
  private let dropPath: DropPath?
  private let hasShortcut: Bool

  init(
    _ inChannels: Int, _ outChannels: Int, middle: Int, kernel: Int, stride: Int, squeezed: Int?,
    squeezeActivations: (ActivationConfig, ActivationConfig), hasShortcut: Bool, dropPath: Float,
    _ style: ConvStyle
  ) {
    conv1 = style.make(inChannels, middle, kernel: Pair(kernel), padding: Pair(kernel / 2))
    se = squeezed.map { SELayer(middle, squeezed: $0, activations: squeezeActivations) }
    conv2 = ConvModule(
      middle, outChannels, kernel: 1, stride: Pair(stride), conv: style.conv, norm: style.norm,
      activation: nil)
    self.dropPath = dropPath > 0 ? DropPath(dropPath) : nil
    self.hasShortcut = hasShortcut && stride == 1 && inChannels == outChannels
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var y = conv1(x)
    if let se { y = se(y) }
    guard hasShortcut else { return conv2(y) }
    if let dropPath { return x + dropPath(conv2(y)) }
    return conv2.conv(y, norm: conv2.norm, residual: x)
  }
}
