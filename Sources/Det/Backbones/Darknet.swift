import Core

/// Darknet-53, the backbone of YOLOv3.
///
/// Redmon and Farhadi, 2018, table 1 (<https://arxiv.org/abs/1804.02767>). Mirrors mmdet's `Darknet`.
///
/// - Input: `[N, 3, H, W]`
/// - Output: the stages in `outIndices`; stage `i` is `[N, 32 · 2^i, H / 2^i, W / 2^i]`.
final class Darknet: Module, Backbone, ConfiguredModule {
  struct Config: ConfigRecord, Sendable {
    var outIndices: [Int]
    /// How many layers from the first on are not trained.
    var frozenStages: Int
    var style: ConvStyle
    var evaluatesNorm: Bool
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      let depth = try reader.value("depth", default: 53)
      guard depth == 53 else { throw reader.invalid("must be 53, found \(depth)", key: "depth") }
      outIndices = try reader.outIndices(default: [3, 4, 5], count: 6)
      frozenStages = try reader.frozenStages(default: -1, in: -1...6)
      style = try ConvStyle(
        from: &reader, norm: .batchNorm, activation: .function(.leakyReLU(slope: 0.1)))
      evaluatesNorm = try reader.value("norm_eval", default: true)
      initialization =
        try reader.weightRules() ?? [
          .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
        ]
      let channels = (0...5).map { 32 << $0 }
      try style.check(channels: channels)
      try style.conv.check(channels: [3] + channels)
    }
  }

  private let config: Config
  let conv1: ConvModule
  @Named var block1: Sequential
  @Named var block2: Sequential
  @Named var block3: Sequential
  @Named var block4: Sequential
  @Named var block5: Sequential
  let outputs: [FeatureShape]

  init(_ config: Config) {
    self.config = config
    let style = config.style
    conv1 = style.make(3, 32, kernel: 3, padding: 1)
    func stage(_ index: Int, blocks: Int) -> Named<Sequential> {
      let (inChannels, outChannels) = (16 << index, 32 << index)
      let conv = style.make(inChannels, outChannels, kernel: 3, stride: 2, padding: 1)
      return Named(
        "conv_res_block\(index)",
        Sequential(
          named: [("conv", conv)] + (0..<blocks).map { ("res\($0)", DarknetResBlock(outChannels, style)) }))
    }
    _block1 = stage(1, blocks: 1)
    _block2 = stage(2, blocks: 2)
    _block3 = stage(3, blocks: 8)
    _block4 = stage(4, blocks: 8)
    _block5 = stage(5, blocks: 4)
    outputs = (0...5).filter(config.outIndices.contains).map {
      FeatureShape(channels: 32 << $0, stride: 1 << $0)
    }
  }

  private var layers: [any UnaryModule] { [conv1, block1, block2, block3, block4, block5] }

  func callAsFunction(_ x: Tensor) -> [Tensor] { x.features(layers, at: config.outIndices) }

  override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    // Only `train` freezes, as in the original.
    for layer in layers.prefix(max(0, config.frozenStages)) { layer.freeze() }
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  var initialization: [InitConfig] { config.initialization }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    // As in the original, whose direct ConvModule puts itself back to its own rule.
    if !startsFromFile { conv1.initializeWeights(using: &generator) }
  }
}

/// A 1x1 convolution to half of the channels, a 3x3 convolution back, and a shortcut. Mirrors mmdet's `ResBlock`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
final class DarknetResBlock: Module, UnaryModule {
  let conv1: ConvModule
  let conv2: ConvModule

  init(_ channels: Int, _ style: ConvStyle) {
    conv1 = style.make(channels, channels / 2, kernel: 1)
    conv2 = style.make(channels / 2, channels, kernel: 3, padding: 1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { conv2(conv1(x)) + x }
}
