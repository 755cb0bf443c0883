import Core
import PyConfig

/// Blocks that see a pixel, its surroundings and the whole image, with few parameters.
///
/// Wu et al., "CGNet", 2018 (<https://arxiv.org/abs/1811.08201>). Mirrors mmseg's `CGNet`.
///
/// - Output: three maps at strides 2, 4 and 8.
final class CGNet: Module, Backbone, ConfiguredModule {
  struct Config: ConfigRecord {
    var inChannels: Int
    var channels: [Int]
    var blocks: [Int]
    var dilations: [Int]
    var reductions: [Int]
    var style: ConvStyle
    var evaluatesNorm: Bool
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positive("in_channels", default: 3)
      channels = try reader.positives("num_channels", default: [32, 64, 128], count: 3)
      blocks = try reader.positives("num_blocks", default: [3, 21], count: 2)
      dilations = try reader.positives("dilations", default: [2, 4], count: 2)
      reductions = try reader.positives("reductions", default: [8, 16], count: 2)
      guard zip(channels.dropFirst(), reductions).allSatisfy({ $0 >= $1 && $0 % 2 == 0 }) else {
        throw reader.invalid(
          "must not exceed the even numbers of channels \(channels), found \(reductions)", key: "reductions")
      }
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .prelu(parameters: 1, initial: 0.25))
      guard style.norm != nil else {
        throw reader.invalid("must be a normalisation, found None", key: "norm_cfg")
      }
      evaluatesNorm = try reader.value("norm_eval", default: false)
      initialization = try reader.backboneInitialization(default: [
        .kaiming(layers: ["Conv2d", "Linear"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
        .constant(0, layers: ["PReLU"]),
      ])
      reader.ignore("with_cp")
      try reader.check(style.norm, channels: normalizedChannels)
    }

    private var normalizedChannels: [Int] {
      channels + [channels[0] + inChannels, channels[1] / 2, 2 * channels[1], 2 * channels[1] + inChannels]
        + [channels[2] / 2, 2 * channels[2]]
    }
  }

  let stem: Sequential
  @Named var join0: Sequential
  let level1: ModuleList<ContextGuidedBlock>
  @Named var join1: Sequential
  let level2: ModuleList<ContextGuidedBlock>
  @Named var join2: Sequential
  private let evaluatesNorm: Bool
  let initialization: [InitConfig]

  init(_ config: Config) {
    let (channels, style) = (config.channels, config.style)
    let first = style.withSlopes(channels[0])
    stem = Sequential(
      (0..<3).map { index in
        first.make(
          index == 0 ? config.inChannels : channels[0], channels[0], kernel: 3,
          stride: Pair(index == 0 ? 2 : 1), padding: 1)
      })
    func join(_ channels: Int) -> Sequential {
      Sequential([style.makeNorm(channels), PReLU(parameters: channels)])
    }
    func level(_ index: Int, _ inChannels: Int) -> ModuleList<ContextGuidedBlock> {
      let width = channels[index + 1]
      return ModuleList(
        (0..<config.blocks[index]).map { block in
          ContextGuidedBlock(
            block == 0 ? inChannels : width, width, dilation: config.dilations[index],
            reduction: config.reductions[index], isSmaller: block == 0, style)
        })
    }
    let widths = (channels[0] + config.inChannels, 2 * channels[1] + config.inChannels, 2 * channels[2])
    _join0 = Named("norm_prelu_0", join(widths.0))
    level1 = level(0, widths.0)
    _join1 = Named("norm_prelu_1", join(widths.1))
    level2 = level(1, widths.1)
    _join2 = Named("norm_prelu_2", join(widths.2))
    (evaluatesNorm, initialization) = (config.evaluatesNorm, config.initialization)
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    // The picture itself is joined in at each size.
    let half = x.avgPool2d(3, stride: 2, padding: 1)
    let quarter = half.avgPool2d(3, stride: 2, padding: 1)
    func run(_ level: ModuleList<ContextGuidedBlock>, _ x: Tensor) -> (first: Tensor, last: Tensor) {
      let first = level[0](x)
      return (first, level.dropFirst().reduce(first) { $1($0) })
    }
    let y0 = join0(.concatenate([stem(x), half], axis: 1))
    let (first1, last1) = run(level1, y0)
    let y1 = join1(.concatenate([last1, first1, quarter], axis: 1))
    let (first2, last2) = run(level2, y1)
    return [y0, y1, join2(.concatenate([first2, last2], axis: 1))]
  }

  override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    if isTraining && evaluatesNorm { evaluateBatchNorms() }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// A pixel and its surroundings, scaled by what the whole image looks like. Mirrors mmseg's `ContextGuidedBlock`.
final class ContextGuidedBlock: Module, UnaryModule {
  let conv1x1: ConvModule
  let fLoc: Conv2d
  let fSur: Conv2d
  let bn: any NormLayer
  let activate: PReLU
  let bottleneck: Conv2d?
  let fGlo: GlobalContext
  private let addsInput: Bool

  /// - Parameter isSmaller: whether the result has half the size.
  init(
    _ inChannels: Int, _ outChannels: Int, dilation: Int, reduction: Int, isSmaller: Bool, _ style: ConvStyle
  ) {
    let channels = isSmaller ? outChannels : outChannels / 2
    conv1x1 = style.withSlopes(channels).make(
      inChannels, channels, kernel: isSmaller ? 3 : 1, stride: isSmaller ? 2 : 1, padding: isSmaller ? 1 : 0)
    func depthwise(_ dilation: Int) -> Conv2d {
      style.conv.make(
        channels, channels, kernel: 3, padding: Pair(dilation), dilation: Pair(dilation), groups: channels,
        bias: false)
    }
    fLoc = depthwise(1)
    fSur = depthwise(dilation)
    bn = style.makeNorm(2 * channels)
    activate = PReLU(parameters: 2 * channels)
    bottleneck = isSmaller ? style.conv.make(2 * channels, outChannels, kernel: 1, bias: false) : nil
    fGlo = GlobalContext(outChannels, reduction: reduction)
    addsInput = !isSmaller
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = conv1x1(x)
    var joint = activate(bn(.concatenate([fLoc(y), fSur(y)], axis: 1)))
    if let bottleneck { joint = bottleneck(joint) }
    joint = fGlo(joint)
    return addsInput ? x + joint : joint
  }

  /// Scales channels by factors worked out from their means. Mirrors mmseg's `GlobalContextExtractor`.
  final class GlobalContext: Module, UnaryModule {
    let fc: Sequential

    init(_ channels: Int, reduction: Int) {
      fc = Sequential([
        Linear(channels, channels / reduction), ReLU(), Linear(channels / reduction, channels),
        Activation(.sigmoid),
      ])
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let means = x.globalAvgPool2d().reshaped([x.shape[0], x.shape[1]])
      return x * fc(means).reshaped([x.shape[0], x.shape[1], 1, 1])
    }
  }
}

extension ConvStyle {
  /// With a slope a channel where the activation learns slopes.
  fileprivate func withSlopes(_ channels: Int) -> ConvStyle {
    guard case .prelu(_, let initial)? = activation else { return self }
    return ConvStyle(conv: conv, norm: norm, activation: .prelu(parameters: channels, initial: initial))
  }

  fileprivate func makeNorm(_ channels: Int) -> any NormLayer { (norm ?? .batchNorm).make(channels) }
}
