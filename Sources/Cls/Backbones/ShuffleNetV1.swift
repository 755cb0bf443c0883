import Core
import PyConfig

/// ShuffleNet of Zhang et al., 2017 (<https://arxiv.org/abs/1707.01083>). Mirrors mmcls's `ShuffleNetV1`.
///
/// - Input: `[N, 3, H, W]`
/// - Output: the stages in `outIndices`; stage `i` is `[N, channels_i, H / 2^(i + 3), W / 2^(i + 3)]`.
public final class ShuffleNetV1: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var groups: Int
    /// Behind the first convolution, and of the three stages.
    public var stemChannels: Int
    public var channels: [Int]
    public var outIndices: [Int]
    /// Stages up to this one (0: only the first convolution) are not trained; -1 freezes nothing.
    public var frozenStages: Int
    public var style: ConvStyle
    public var evaluatesNorm: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      groups = try reader.value("groups", default: 3)
      let known = [1: 144, 2: 200, 3: 240, 4: 272, 8: 384]
      guard let width = known[groups] else {
        throw reader.invalid("must be one of 1, 2, 3, 4, 8, found \(groups)", key: "groups")
      }
      let factor: Double = try reader.value("widen_factor", default: 1)
      guard factor > 0, factor <= 64 else {
        throw reader.invalid("must be positive and at most 64, found \(factor)", key: "widen_factor")
      }
      stemChannels = Int(24 * factor)
      channels = (0..<3).map { makeDivisible(Double(width << $0) * factor, by: 8) }
      outIndices = try reader.outIndices(default: [2], count: 3)
      frozenStages = try reader.frozenStages(default: -1, in: -1...2)
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .relu)
      evaluatesNorm = try reader.value("norm_eval", default: false)
      initialization = try reader.initialization(default: [])
      reader.ignore("with_cp")
      try check(
        reader.invalid(
          "groups (\(groups)) must divide the channels that widen_factor \(factor) leaves",
          key: "widen_factor"))
    }

    private func check(_ error: BuildError) throws {
      var width = stemChannels
      guard width > 0 else { throw error }
      for (index, out) in channels.enumerated() {
        let middle = out / 4
        guard out > width, [middle, out, out - width].allSatisfy({ $0 > 0 && $0 % groups == 0 }),
          index == 0 || width % groups == 0
        else { throw error }
        try style.check(channels: [width, middle, out, out - width])
        try style.conv.check(channels: [3, width, middle, out])
        width = out
      }
    }
  }

  private let config: Config
  let conv1: ConvModule
  let layers: Sequential
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    var width = config.stemChannels
    conv1 = config.style.make(3, width, kernel: 3, stride: 2, padding: 1)
    layers = Sequential(
      zip(config.channels, [4, 8, 4]).enumerated().map { stage, setting in
        let (out, blocks) = setting
        return Sequential(
          (0..<blocks).map { block in
            defer { width = out }
            return ShuffleUnit(
              width, out, groups: config.groups, firstGroups: stage == 0 && block == 0 ? 1 : config.groups,
              concatenates: block == 0, config.style)
          })
      })
    outputs = (0..<3).filter(config.outIndices.contains).map {
      FeatureShape(channels: config.channels[$0], stride: 8 << $0)
    }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    conv1(x).maxPool2d(3, stride: 2, padding: 1).features(layers.layers, at: config.outIndices)
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    // Only `train` freezes, as in the original.
    if config.frozenStages >= 0 { conv1.setRequiresGradient(false) }
    for layer in layers.layers.prefix(max(0, config.frozenStages)) { layer.freeze() }
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public var initialization: [InitConfig] { config.initialization }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if !startsFromFile { initializeNarrowly(using: &generator) }
  }
}

/// A bottleneck of grouped convolutions with a shuffle of channels in it.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H, W]`, of half the size where the input is pooled and put beside the result.
final class ShuffleUnit: Module, UnaryModule {
  @Named var compress: ConvModule
  @Named var depthwise: ConvModule
  @Named var expand: ConvModule
  let act: any UnaryModule
  private let groups: Int
  private let concatenates: Bool

  init(
    _ inChannels: Int, _ outChannels: Int, groups: Int, firstGroups: Int, concatenates: Bool,
    _ style: ConvStyle
  ) {
    let middle = outChannels / 4
    func conv(_ inChannels: Int, _ outChannels: Int, groups: Int, activates: Bool) -> ConvModule {
      ConvModule(
        inChannels, outChannels, kernel: 1, groups: groups, conv: style.conv, norm: style.norm,
        activation: activates ? style.activation : nil)
    }
    _compress = Named("g_conv_1x1_compress", conv(inChannels, middle, groups: firstGroups, activates: true))
    _depthwise = Named(
      "depthwise_conv3x3_bn",
      ConvModule(
        middle, middle, kernel: 3, stride: concatenates ? 2 : 1, padding: 1, groups: middle, conv: style.conv,
        norm: style.norm, activation: nil))
    _expand = Named(
      "g_conv_1x1_expand",
      conv(middle, concatenates ? outChannels - inChannels : outChannels, groups: groups, activates: false))
    act = (style.activation ?? .relu).make()
    (self.groups, self.concatenates) = (groups, concatenates)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var y = depthwise(compress(x))
    if groups > 1 { y = y.channelsShuffled(groups: groups) }
    guard concatenates else { return act(expand.conv(y, norm: expand.norm, residual: x)) }
    return Tensor.concatenate([x.avgPool2d(3, stride: 2, padding: 1), act(expand(y))], axis: 1)
  }
}
