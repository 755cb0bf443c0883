/// The residual network of He et al., 2015 (<https://arxiv.org/abs/1512.03385>), and its kin.
///
/// `style: .pytorch` puts a stage's stride on the 3x3 convolution ("v1.5"), `.caffe` on the first 1x1. With `deepStem`
/// it is ResNet-C, with `averageDown` too it is ResNet-D (He et al., 2018, <https://arxiv.org/abs/1812.01187>); with
/// `groups` it is ResNeXt, with `squeezeRatio` SE-ResNet. One class serves all suites; what differs between them is in their configs.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outIndices` `[N, baseChannels · expansion · 2^i, H / (4 · 2^i), W / (4 · 2^i)]`
public final class ResNet: Module, Backbone, ConfiguredModule {
  public enum Style: String, Sendable, CaseIterable, ConfigDecodable {
    case pytorch, caffe
  }

  /// Number of layers with weights.
  public enum Depth: Int, Sendable, CaseIterable {
    case r18 = 18
    case r34 = 34
    case r50 = 50
    case r101 = 101
    case r152 = 152
    /// ResNeSt's.
    case r200 = 200
    case r269 = 269

    /// The depths of ResNet itself.
    public static let standard: [Depth] = [.r18, .r34, .r50, .r101, .r152]

    /// Blocks of each stage.
    public var blocks: [Int] {
      switch self {
      case .r18: [2, 2, 2, 2]
      case .r34, .r50: [3, 4, 6, 3]
      case .r101: [3, 4, 23, 3]
      case .r152: [3, 8, 36, 3]
      case .r200: [3, 24, 36, 3]
      case .r269: [3, 30, 48, 8]
      }
    }

    public var usesBottleneck: Bool { self != .r18 && self != .r34 }
  }

  /// The first layers.
  public enum Stem: Sendable {
    /// 7x7, stride 2, then 3x3 max pooling.
    case plain
    /// Three 3x3 as mmcls builds them, with a `ConvModule` each.
    case deep
    /// Three 3x3 as mmdet and mmseg build them: convolutions, norms and activations in one row.
    case deepInRow
    /// One 3x3 of stride 1 and no pooling, for 32x32 images.
    case cifar
  }

  public struct Config: Sendable {
    public var depth = Depth.r50
    public var inChannels = 3
    public var stemChannels = 64
    public var baseChannels = 64
    public var expansion: Int?
    public var strides = [1, 2, 2, 2]
    public var dilations = [1, 1, 1, 1]
    public var outIndices = [3]
    public var style = Style.pytorch
    public var stem = Stem.plain
    public var averageDown = false
    /// Stages up to this one (0: only the stem) are not trained; -1 freezes nothing.
    public var frozenStages = -1
    public var conv = ConvConfig.plain
    public var norm = NormConfig.batchNorm
    public var evaluatesNorm = false
    public var zeroInitResidual = true
    public var dropPath: Float = 0
    public var middle = ResidualBlockOptions.Middle.convolution
    public var groups = 1
    public var widthPerGroup = 4
    public var widthRule = ResidualBlockOptions.WidthRule.whole
    /// SE-ResNet: see `ResidualBlockOptions`.
    public var squeezeRatio: Int?
    /// The 3x3 convolution of the blocks of `deformableStages`.
    public var deformable: ConvConfig?
    public var deformableStages: [Bool] = []
    /// Whether the very first of those blocks keeps its plain convolution.
    public var fallsBackOnStride = false
    /// DetectoRS: the 3x3 convolution of the blocks of `switchableStages`, before `deformable`.
    public var switchable: ConvConfig?
    public var switchableStages: [Bool] = []
    /// DetectoRS: channels of maps that are fed back into all stages but the first.
    public var feedbackChannels: Int?
    /// DetectoRS: whether the image comes first among the results.
    public var returnsImage = false
    public var plugins: [BlockPlugin] = []
    /// Dilations of the blocks of the last stage.
    public var multiGrid: [Int]?
    /// Whether the first block of a dilated stage has half the dilation.
    public var contractsDilation = false
    /// See `ResidualBlockOptions`.
    public var omitsIdlePooling = true
    public var initialization: [InitConfig] = [
      .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
    ]

    public init() {}
  }

  public let config: Config
  let stem: Sequential?
  let conv1: Conv2d?
  @Named var norm1: (any NormLayer)?
  @Named var layer1: Sequential
  @Named var layer2: Sequential?
  @Named var layer3: Sequential?
  @Named var layer4: Sequential?
  public let outputs: [FeatureShape]

  /// - Throws: `InvalidConfig` where the options do not go together.
  public convenience init(checking config: Config) throws {
    try config.check()
    self.init(config)
  }

  /// - Precondition: `config.check()` does not throw.
  public init(_ config: Config) {
    self.config = config
    let channels = config.stemChannels
    switch config.stem {
    case .deep:
      stem = Sequential([
        ConvModule(
          config.inChannels, channels / 2, kernel: 3, stride: 2, padding: 1, conv: config.conv,
          norm: config.norm),
        ConvModule(channels / 2, channels / 2, kernel: 3, padding: 1, conv: config.conv, norm: config.norm),
        ConvModule(channels / 2, channels, kernel: 3, padding: 1, conv: config.conv, norm: config.norm),
      ])
      conv1 = nil
      _norm1 = Named("bn1", nil)
    case .deepInRow:
      var layers: [any UnaryModule] = []
      var width = config.inChannels
      for (index, out) in [channels / 2, channels / 2, channels].enumerated() {
        layers.append(
          config.conv.make(width, out, kernel: 3, stride: index == 0 ? 2 : 1, padding: 1, bias: false))
        layers.append(config.norm.make(out))
        layers.append(ReLU())
        width = out
      }
      stem = Sequential(layers)
      conv1 = nil
      _norm1 = Named("bn1", nil)
    case .plain, .cifar:
      stem = nil
      conv1 =
        config.stem == .cifar
        ? config.conv.make(config.inChannels, channels, kernel: 3, padding: 1, bias: false)
        : config.conv.make(config.inChannels, channels, kernel: 7, stride: 2, padding: 3, bias: false)
      _norm1 = Named(config.norm.abbreviation + "1", config.norm.make(channels))
    }
    var stages: [Sequential] = []
    var shapes: [FeatureShape] = []
    var (width, stride) = (channels, config.stem == .cifar ? 1 : 4)
    for stage in config.strides.indices {
      let out = config.baseChannels * config.blockExpansion << stage
      stages.append(ResLayer.make(config, stage: stage, inChannels: width, outChannels: out))
      (width, stride) = (out, stride * config.strides[stage])
      if config.outIndices.contains(stage) { shapes.append(FeatureShape(channels: out, stride: stride)) }
    }
    _layer1 = Named("layer1", stages[0])
    _layer2 = Named("layer2", stages.count > 1 ? stages[1] : nil)
    _layer3 = Named("layer3", stages.count > 2 ? stages[2] : nil)
    _layer4 = Named("layer4", stages.count > 3 ? stages[3] : nil)
    outputs =
      (config.returnsImage ? [FeatureShape(channels: config.inChannels, stride: 1)] : []) + shapes
    super.init()
    freezeStages()
  }

  private var stages: [Sequential] { [layer1, layer2, layer3, layer4].compactMap { $0 } }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    (config.returnsImage ? [x] : []) + features(x, feedback: [])
  }

  /// Another round, with maps made of the one before: one for each stage, the first of which is not used.
  ///
  /// The recursive backbone of Qiao et al., "DetectoRS", 2020, section 3.1 (<https://arxiv.org/abs/2006.02334>).
  public func features(_ x: Tensor, feedback: [Tensor]) -> [Tensor] {
    var x = x
    if let stem {
      x = stem(x)
    } else if let conv1 {
      x = conv1(x, norm: norm1, activation: .relu)
    }
    if config.stem != .cifar { x = x.maxPool2d(3, stride: 2, padding: 1) }
    var features: [Tensor] = []
    for (index, stage) in stages.enumerated() {
      if index > 0, feedback.indices.contains(index) {
        for block in stage.layers {
          x = (block as? Bottleneck).map { $0(x, feedback: feedback[index]) } ?? block(x)
        }
      } else {
        x = stage(x)
      }
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
    stem?.freeze()
    conv1?.setRequiresGradient(false)
    norm1?.freeze()
    for stage in stages.prefix(config.frozenStages) { stage.freeze() }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

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
