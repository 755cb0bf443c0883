/// A residual network whose widths follow a line, quantised: the RegNetX family.
///
/// Radosavovic et al., 2020, section 3 (<https://arxiv.org/abs/2003.13678>). Mirrors `RegNet` of mmcls and mmdet.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: the stages in `outIndices`; stage `i` is `[N, widths[i], H / 2^(i + 2), W / 2^(i + 2)]`.
public final class RegNet: Module, Backbone, ConfiguredModule {
  public struct Config: Sendable {
    public var stages: [RegNetStage] = []
    public var inChannels = 3
    public var stemChannels = 32
    public var strides = [2, 2, 2, 2]
    public var dilations = [1, 1, 1, 1]
    public var outIndices = [3]
    public var style = ResNet.Style.pytorch
    public var averageDown = false
    public var frozenStages = -1
    public var conv = ConvConfig.plain
    public var norm = NormConfig.batchNorm
    public var evaluatesNorm = false
    public var zeroInitResidual = true
    /// The 3x3 convolution of the blocks of `deformableStages`.
    public var deformable: ConvConfig?
    public var deformableStages: [Bool] = []
    public var plugins: [BlockPlugin] = []
    /// See `ResidualBlockOptions`.
    public var widthRule = ResidualBlockOptions.WidthRule.whole
    public var omitsIdlePooling = true
    public var initialization: [InitConfig] = []

    public init() {}
  }

  private let config: Config
  let conv1: Conv2d
  @Named var norm1: any NormLayer
  let layer1: Sequential
  let layer2, layer3, layer4: Sequential?
  public let outputs: [FeatureShape]

  /// - Throws: `InvalidConfig` where the options do not go together.
  public convenience init(checking config: Config) throws {
    try config.check()
    self.init(config)
  }

  /// - Precondition: `config.check()` does not throw.
  public init(_ config: Config) {
    self.config = config
    conv1 = config.conv.make(
      config.inChannels, config.stemChannels, kernel: 3, stride: 2, padding: 1, bias: false)
    _norm1 = config.norm.named(config.stemChannels, suffix: "1")
    var layers: [Sequential] = []
    var shapes: [FeatureShape] = []
    var (width, stride) = (config.stemChannels, 2)
    for (index, stage) in config.stages.enumerated() {
      let options = config.blockOptions(stage: index)
      layers.append(
        ResLayer.make(
          blocks: stage.blocks, usesBottleneck: true, inChannels: width, outChannels: stage.width,
          averageDown: config.averageDown, options))
      (width, stride) = (stage.width, stride * config.strides[index])
      shapes.append(FeatureShape(channels: width, stride: stride))
    }
    layer1 = layers[0]
    layer2 = layers.count > 1 ? layers[1] : nil
    layer3 = layers.count > 2 ? layers[2] : nil
    layer4 = layers.count > 3 ? layers[3] : nil
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
    super.init()
    freezeStages()
  }

  private var layers: [Sequential] { [layer1, layer2, layer3, layer4].compactMap { $0 } }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = conv1(x, norm: norm1, activation: .relu)
    var features: [Tensor] = []
    for (index, layer) in layers.enumerated() {
      x = layer(x)
      if config.outIndices.contains(index) { features.append(x) }
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  private func freezeStages() {
    guard config.frozenStages >= 0 else { return }
    conv1.setRequiresGradient(false)
    norm1.freeze()
    for layer in layers.prefix(config.frozenStages) { layer.freeze() }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public var initialization: [InitConfig] { config.initialization }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if startsFromFile { return }
    forEachModule { _, module in
      guard let block = module as? any ResidualBlock else { return }
      if config.zeroInitResidual { block.zeroInitializeResidual() }
      block.initializeOwnParts(using: &generator)
    }
  }
}
