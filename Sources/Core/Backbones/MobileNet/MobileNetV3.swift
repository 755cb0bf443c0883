/// MobileNetV3 of Howard et al., 2019 (<https://arxiv.org/abs/1905.02244>).
///
/// - Input: `[N, 3, H, W]`
/// - Output: the layers in `outIndices`: 0 is the first convolution, then come the blocks, last a 1x1 convolution.
public final class MobileNetV3: Module, Backbone, ConfiguredModule {
  public enum Architecture: String, Sendable, CaseIterable, ConfigDecodable {
    case small, large
  }

  public struct Config: Sendable {
    public var architecture = Architecture.small
    public var conv = ConvConfig.plain
    public var norm = NormConfig.batchNorm
    public var outIndices: [Int] = []
    /// Layers before and including this one are not trained; -1 freezes nothing.
    public var frozenStages = -1
    public var evaluatesNorm = false
    /// mmseg's variant: the last two strides are dilations, and those that remain are padded as in TensorFlow.
    public var isDilated = false
    /// What the channels of the last blocks are divided by.
    public var reduction = 1
    public var initialization: [InitConfig] = []

    public init() {}
  }

  /// A block.
  struct Block {
    var kernel, middle, out: Int
    var squeezes: Bool
    /// Whether its activation is the hard Swish.
    var isHard: Bool
    var stride: Int

    init(_ kernel: Int, _ middle: Int, _ out: Int, se: Bool, hard: Bool, _ stride: Int) {
      (self.kernel, self.middle, self.out, squeezes, isHard, self.stride) = (
        kernel, middle, out, se, hard, stride
      )
    }
  }

  private let config: Config
  private let layers: Layers
  public let outputs: [FeatureShape]

  /// The layers under their keys. No module itself.
  private final class Layers {
    let all: [any UnaryModule]
    init(_ all: [any UnaryModule]) { self.all = all }
  }

  /// - Throws: `InvalidConfig` where the options do not go together.
  public init(_ config: Config) throws {
    self.config = config
    let blocks = config.blocks
    try config.norm.check(channels: [16, config.lastChannels] + blocks.flatMap { [$0.middle, $0.out] })
    try config.conv.check(channels: [16] + blocks.flatMap { [$0.middle, $0.out] })
    let hardSwish = ActivationConfig.function(.hardSwish)
    let adaptive = ConvConfig(.adaptivePadding)
    var layers: [any UnaryModule] = [
      ConvModule(
        3, 16, kernel: 3, stride: 2, padding: 1, conv: config.isDilated ? adaptive : config.conv,
        norm: config.norm,
        activation: hardSwish)
    ]
    var (width, stride) = (16, 2)
    var shapes = [FeatureShape(channels: 16, stride: 2)]
    for (index, block) in blocks.enumerated() {
      var options = InvertedResidualV3.Options()
      options.kernel = block.kernel
      let dilation = config.dilation(layer: index + 1)
      options.stride = config.isFirstDilated(layer: index + 1) ? 1 : block.stride
      options.dilation = dilation
      options.style = ConvStyle(
        conv: config.conv, norm: config.norm, activation: block.isHard ? hardSwish : .relu)
      if config.isDilated, block.stride == 2 { options.depthwise = adaptive }
      if block.squeezes {
        options.squeezed = makeDivisible(Double(block.middle / 4), by: 8)
        options.squeezeActivations = (.relu, .function(.hardSigmoid(bias: 3, divisor: 6, min: 0, max: 1)))
      }
      layers.append(
        InvertedResidualV3(
          width, block.out, middle: block.middle, hasShortcut: block.stride == 1 && width == block.out,
          options))
      (width, stride) = (block.out, stride * options.stride)
      shapes.append(FeatureShape(channels: width, stride: stride))
    }
    layers.append(
      ConvModule(
        width, config.lastChannels, kernel: 1, conv: config.conv, norm: config.norm, activation: hardSwish))
    shapes.append(FeatureShape(channels: config.lastChannels, stride: stride))
    self.layers = Layers(layers)
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  public override var listedChildren: [(key: String, module: Module)] {
    layers.all.enumerated().map { ("layer\($0)", $1) }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] { x.features(layers.all, at: config.outIndices) }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    // Only `train` freezes, as in the original.
    for layer in layers.all.prefix(config.frozenStages + 1) { layer.freeze() }
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension MobileNetV3.Config {
  /// Layers in all: the first convolution, the blocks, the last convolution.
  public var layerCount: Int { (architecture == .small ? 11 : 15) + 2 }

  var lastChannels: Int { architecture == .small ? 576 : 960 }

  /// The layers at which the last two strides are.
  private var lastStrides: (Int, Int) { architecture == .small ? (4, 9) : (7, 13) }

  func isFirstDilated(layer: Int) -> Bool { isDilated && (layer == lastStrides.0 || layer == lastStrides.1) }

  func dilation(layer: Int) -> Int {
    !isDilated || layer < lastStrides.0 ? 1 : layer < lastStrides.1 ? 2 : 4
  }

  /// The blocks with the channels that `reduction` leaves.
  var blocks: [MobileNetV3.Block] {
    (architecture == .small ? Self.small : Self.large).enumerated().map { index, block in
      var block = block
      if index >= (architecture == .small ? 8 : 12) {
        (block.middle, block.out) = (block.middle / reduction, block.out / reduction)
      }
      return block
    }
  }

  private static let small: [MobileNetV3.Block] = [
    .init(3, 16, 16, se: true, hard: false, 2), .init(3, 72, 24, se: false, hard: false, 2),
    .init(3, 88, 24, se: false, hard: false, 1), .init(5, 96, 40, se: true, hard: true, 2),
    .init(5, 240, 40, se: true, hard: true, 1), .init(5, 240, 40, se: true, hard: true, 1),
    .init(5, 120, 48, se: true, hard: true, 1), .init(5, 144, 48, se: true, hard: true, 1),
    .init(5, 288, 96, se: true, hard: true, 2), .init(5, 576, 96, se: true, hard: true, 1),
    .init(5, 576, 96, se: true, hard: true, 1),
  ]

  private static let large: [MobileNetV3.Block] = [
    .init(3, 16, 16, se: false, hard: false, 1), .init(3, 64, 24, se: false, hard: false, 2),
    .init(3, 72, 24, se: false, hard: false, 1), .init(5, 72, 40, se: true, hard: false, 2),
    .init(5, 120, 40, se: true, hard: false, 1), .init(5, 120, 40, se: true, hard: false, 1),
    .init(3, 240, 80, se: false, hard: true, 2), .init(3, 200, 80, se: false, hard: true, 1),
    .init(3, 184, 80, se: false, hard: true, 1), .init(3, 184, 80, se: false, hard: true, 1),
    .init(3, 480, 112, se: true, hard: true, 1), .init(3, 672, 112, se: true, hard: true, 1),
    .init(5, 672, 160, se: true, hard: true, 2), .init(5, 960, 160, se: true, hard: true, 1),
    .init(5, 960, 160, se: true, hard: true, 1),
  ]

  /// Reads the keys that the suites share.
  ///
  /// - Parameters:
  ///   - outIndices: the suite's default of `out_indices`; `nil` for the last layer.
  ///   - norm: the suite's default of `norm_cfg`.
  /// - Throws: `BuildError`.
  public init(from reader: inout ConfigReader, outIndices standard: [Int]?, norm standardNorm: NormConfig)
    throws
  {
    self.init()
    architecture = try reader.value("arch", default: .small)
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = try reader.value("norm_cfg", default: standardNorm)
    outIndices = try reader.outIndices(default: standard ?? [layerCount - 1], count: layerCount)
    frozenStages = try reader.frozenStages(default: -1, in: -1...(layerCount - 1))
    evaluatesNorm = try reader.value("norm_eval", default: false)
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }
}
