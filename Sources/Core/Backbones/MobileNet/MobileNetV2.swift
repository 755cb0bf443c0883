/// MobileNetV2 of Sandler et al., 2018 (<https://arxiv.org/abs/1801.04381>).
///
/// - Input: `[N, 3, H, W]`
/// - Output: the stages in `outIndices`; stage 7 is the last 1x1 convolution, `[N, 1280, H / 32, W / 32]`, which mmseg's
///   variant does not have.
public final class MobileNetV2: Module, Backbone, ConfiguredModule {
  public struct Config: Sendable {
    public var widenFactor = 1.0
    /// Of the first blocks of the seven stages.
    public var strides = [1, 2, 2, 2, 1, 2, 1]
    public var dilations = [1, 1, 1, 1, 1, 1, 1]
    public var outIndices = [7]
    public var hasLastConv = true
    /// mmdet's blocks have a name for each of their convolutions instead of a row.
    public var namesParts = false
    /// Stages up to this one are not trained; -1 freezes nothing.
    public var frozenStages = -1
    public var conv = ConvConfig.plain
    public var norm = NormConfig.batchNorm
    public var activation = ActivationConfig.relu6
    public var evaluatesNorm = false
    public var initialization: [InitConfig] = [
      .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
    ]

    public init() {}
  }

  /// Widening of the blocks, channels and number of blocks of each stage.
  private static let stages: [(expansion: Int, channels: Int, blocks: Int)] = [
    (1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1),
  ]

  /// Channels of all normalisation layers.
  public static func channels(_ config: Config) -> [Int] {
    var width = makeDivisible(32 * config.widenFactor, by: 8)
    var channels = [width]
    for stage in stages {
      channels += [width * stage.expansion]
      width = makeDivisible(Double(stage.channels) * config.widenFactor, by: 8)
      channels += [width, width * stage.expansion]
    }
    return channels + [config.widenFactor > 1 ? Int(1280 * config.widenFactor) : 1280]
  }

  public let config: Config
  let conv1: ConvModule
  let layer1, layer2, layer3, layer4, layer5, layer6, layer7: Sequential
  let conv2: ConvModule?
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    var width = makeDivisible(32 * config.widenFactor, by: 8)
    conv1 = ConvModule(
      3, width, kernel: 3, stride: 2, padding: 1, conv: config.conv, norm: config.norm,
      activation: config.activation)
    var layers: [Sequential] = []
    var shapes: [FeatureShape] = []
    var totalStride = 2
    for (index, stage) in Self.stages.enumerated() {
      let (stride, dilation) = (config.strides[index], config.dilations[index])
      let out = makeDivisible(Double(stage.channels) * config.widenFactor, by: 8)
      layers.append(
        Sequential(
          (0..<stage.blocks).map { block in
            defer { width = out }
            return Self.block(
              width, out, stride: block == 0 ? stride : 1, dilation: block == 0 ? dilation : 1,
              expansion: stage.expansion, config)
          }))
      totalStride *= stride
      shapes.append(FeatureShape(channels: out, stride: totalStride))
    }
    layer1 = layers[0]
    layer2 = layers[1]
    layer3 = layers[2]
    layer4 = layers[3]
    layer5 = layers[4]
    layer6 = layers[5]
    layer7 = layers[6]
    let last = config.widenFactor > 1 ? Int(1280 * config.widenFactor) : 1280
    conv2 =
      config.hasLastConv
      ? ConvModule(
        width, last, kernel: 1, conv: config.conv, norm: config.norm, activation: config.activation) : nil
    shapes.append(FeatureShape(channels: last, stride: totalStride))
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  private static func block(
    _ inChannels: Int, _ outChannels: Int, stride: Int, dilation: Int, expansion: Int, _ config: Config
  ) -> any UnaryModule {
    guard config.namesParts else {
      return InvertedResidual(
        inChannels, outChannels, stride: stride, dilation: dilation, expansion: expansion, config)
    }
    var options = InvertedResidualV3.Options()
    (options.stride, options.dilation) = (stride, dilation)
    options.style = ConvStyle(conv: config.conv, norm: config.norm, activation: config.activation)
    return InvertedResidualV3(inChannels, outChannels, middle: inChannels * expansion, options)
  }

  private var stages: [any UnaryModule] {
    [layer1, layer2, layer3, layer4, layer5, layer6, layer7] + [conv2].compactMap { $0 }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = conv1(x)
    var features: [Tensor] = []
    for (index, stage) in stages.enumerated() {
      x = stage(x)
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
    // Only `train` freezes, as in the original, which leaves conv1 in training mode (its running statistics move) and only stops its gradients.
    if config.frozenStages >= 0 { conv1.setRequiresGradient(false) }
    for stage in stages.prefix(max(0, config.frozenStages)) { stage.freeze() }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    // As in the original, whose direct ConvModules put themselves back to their own rule.
    if !startsFromFile {
      conv1.initializeWeights(using: &generator)
      conv2?.initializeWeights(using: &generator)
    }
  }
}

/// A bottleneck turned inside out: widen with a 1x1, filter each channel with a 3x3, narrow with a 1x1.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
final class InvertedResidual: Module, UnaryModule {
  let conv: Sequential
  private let hasShortcut: Bool

  init(
    _ inChannels: Int, _ outChannels: Int, stride: Int, dilation: Int, expansion: Int,
    _ config: MobileNetV2.Config
  ) {
    let hidden = inChannels * expansion
    var layers: [ConvModule] = []
    if expansion != 1 {
      layers.append(
        ConvModule(
          inChannels, hidden, kernel: 1, conv: config.conv, norm: config.norm, activation: config.activation))
    }
    layers.append(
      ConvModule(
        hidden, hidden, kernel: 3, stride: Pair(stride), padding: Pair(dilation), dilation: Pair(dilation),
        groups: hidden, conv: config.conv, norm: config.norm, activation: config.activation))
    layers.append(
      ConvModule(hidden, outChannels, kernel: 1, conv: config.conv, norm: config.norm, activation: nil))
    conv = Sequential(layers)
    hasShortcut = stride == 1 && inChannels == outChannels
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    hasShortcut ? x + conv(x) : conv(x)
  }
}

/// The multiple of `divisor` nearest to `value`, but never below `minRatio` of it: channel numbers of scaled networks.
public func makeDivisible(_ value: Double, by divisor: Int, minRatio: Double = 0.9) -> Int {
  var result = max(divisor, Int(value + Double(divisor) / 2) / divisor * divisor)
  if Double(result) < minRatio * value { result += divisor }
  return result
}
