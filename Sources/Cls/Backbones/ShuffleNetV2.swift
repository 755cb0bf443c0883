import Core
import PyConfig

/// ShuffleNetV2 of Ma et al., 2018 (<https://arxiv.org/abs/1807.11164>). Mirrors mmcls's `ShuffleNetV2`.
///
/// - Input: `[N, 3, H, W]`
/// - Output: the stages in `outIndices`; stage 3 is the last 1x1 convolution, `[N, 1024, H / 32, W / 32]`.
public final class ShuffleNetV2: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    /// Of the three stages and of the last convolution.
    public var channels: [Int]
    public var outIndices: [Int]
    public var frozenStages: Int
    public var conv: ConvConfig
    public var norm: NormConfig
    public var activation: ActivationConfig
    public var evaluatesNorm: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let factor: Double = try reader.value("widen_factor", default: 1)
      switch factor {
      case 0.5: channels = [48, 96, 192, 1024]
      case 1: channels = [116, 232, 464, 1024]
      case 1.5: channels = [176, 352, 704, 1024]
      case 2: channels = [244, 488, 976, 2048]
      default: throw reader.invalid("must be one of 0.5, 1.0, 1.5, 2.0, found \(factor)", key: "widen_factor")
      }
      outIndices = try reader.value("out_indices", default: [3])
      guard !outIndices.isEmpty, outIndices.allSatisfy((0..<4).contains) else {
        throw reader.invalid("must be in 0..<4, found \(outIndices)", key: "out_indices")
      }
      frozenStages = try reader.value("frozen_stages", default: -1)
      guard (-1..<4).contains(frozenStages) else {
        throw reader.invalid("must be in -1..<4, found \(frozenStages)", key: "frozen_stages")
      }
      conv = try reader.optional("conv_cfg") ?? .plain
      norm = try reader.value("norm_cfg", default: .batchNorm)
      activation = try reader.value("act_cfg", default: .relu)
      evaluatesNorm = try reader.value("norm_eval", default: false)
      initialization = try reader.initialization(default: [])
      reader.ignore("with_cp")
    }
  }

  private let config: Config
  let conv1: ConvModule
  /// Three stages and the last convolution.
  let layers: Sequential
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    conv1 = ConvModule(
      3, 24, kernel: 3, stride: 2, padding: 1, conv: config.conv, norm: config.norm,
      activation: config.activation)
    var width = 24
    var layers: [any UnaryModule] = zip(config.channels, [4, 8, 4]).map { channels, blocks in
      Sequential(
        (0..<blocks).map { block in
          defer { width = channels }
          return ShuffleUnitV2(width, channels, stride: block == 0 ? 2 : 1, config)
        })
    }
    layers.append(
      ConvModule(
        width, config.channels[3], kernel: 1, conv: config.conv, norm: config.norm,
        activation: config.activation))
    self.layers = Sequential(layers)
    outputs = (0..<4).filter(config.outIndices.contains).map {
      FeatureShape(channels: config.channels[$0], stride: [8, 16, 32, 32][$0])
    }
    super.init()
    freezeStages()
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = conv1(x).maxPool2d(3, stride: 2, padding: 1)
    var features: [Tensor] = []
    for (index, layer) in layers.layers.enumerated() {
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
    if config.frozenStages >= 0 { conv1.setRequiresGradient(false) }
    for layer in layers.layers.prefix(max(0, config.frozenStages)) { layer.freeze() }
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

extension Module {
  /// The first values of both ShuffleNets: narrow normal numbers for all convolutions, the first of each block narrower
  /// still.
  func initializeNarrowly(using generator: inout RandomGenerator) {
    forEachModule { key, module in
      if let conv = module as? Conv2d {
        let std = key.contains("conv1") ? 0.01 : 1 / Double(conv.weight.shape[1])
        Init.normal(conv.weight, mean: 0, standardDeviation: std, using: &generator)
        if let bias = conv.bias { Init.constant(bias, 0) }
      } else if let norm = module as? any NormLayer {
        norm.resetAffine(weight: 1, bias: 0.0001)
        (norm as? BatchNorm)?.runningMean?.value.fillInPlace(0)
      }
    }
  }
}

/// Half of the channels pass through a branch, then all are shuffled; with stride 2 both halves have a branch.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
final class ShuffleUnitV2: Module, UnaryModule {
  let branch1: Sequential?
  let branch2: Sequential

  init(_ inChannels: Int, _ outChannels: Int, stride: Int, _ config: ShuffleNetV2.Config) {
    let half = outChannels / 2
    func depthwise(_ channels: Int) -> ConvModule {
      ConvModule(
        channels, channels, kernel: 3, stride: Pair(stride), padding: 1, groups: channels, conv: config.conv,
        norm: config.norm, activation: nil)
    }
    func pointwise(_ channels: Int) -> ConvModule {
      ConvModule(
        channels, half, kernel: 1, conv: config.conv, norm: config.norm, activation: config.activation)
    }
    branch1 = stride > 1 ? Sequential([depthwise(inChannels), pointwise(inChannels)]) : nil
    branch2 = Sequential([pointwise(stride > 1 ? inChannels : half), depthwise(half), pointwise(half)])
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    if let branch1 {
      return Tensor.concatenate([branch1(x), branch2(x)], axis: 1).channelsShuffled(groups: 2)
    }
    let middle = (x.shape[1] + 1) / 2
    let (kept, rest) = (x.sliced(1, 0..<middle), x.sliced(1, middle..<x.shape[1]))
    return Tensor.concatenate([kept, branch2(rest)], axis: 1).channelsShuffled(groups: 2)
  }
}

extension Tensor {
  /// `[N, C, H, W]` with its channels dealt out: the first of each group, the second of each group, ...
  ///
  /// Zhang et al., 2017, section 3.1 (<https://arxiv.org/abs/1707.01083>).
  func channelsShuffled(groups: Int) -> Tensor {
    precondition(
      rank == 4 && groups > 0 && shape[1] % groups == 0,
      "Tensor.channelsShuffled: [N, C, H, W] with \(groups) groups, found \(shape)")
    let size = shape[1] / groups
    return indexSelected(1, (0..<shape[1]).map { $0 % groups * size + $0 / groups })
  }
}
