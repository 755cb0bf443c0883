import Core
import PyConfig

/// A picture quickly made small, seen as a whole, and joined with what was seen on the way.
///
/// Poudel et al., "Fast-SCNN", 2019 (<https://arxiv.org/abs/1902.04502>). Mirrors mmseg's `FastSCNN`.
///
/// - Output: of the map at stride 8, the deep one at stride 32 and their fusion at stride 8, those of `out_indices`.
final class FastSCNN: Module, Backbone, ConfiguredModule {
  struct Config: ConfigRecord {
    var inChannels: Int
    var downsampleChannels: [Int]
    /// Of the map that both branches see.
    var sharedChannels: Int
    var blockChannels: [Int]
    var blockStrides: [Int]
    var globalChannels: Int
    var fusionChannels: Int
    var outIndices: [Int]
    var style: ConvStyle
    /// Behind depthwise convolutions.
    var depthwiseActivation: ActivationConfig?
    var alignCorners: Bool
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positive("in_channels", default: 3)
      downsampleChannels = try reader.positives("downsample_dw_channels", default: [32, 48], count: 2)
      sharedChannels = try reader.positive("global_in_channels", default: 64)
      blockChannels = try reader.positives("global_block_channels", default: [64, 96, 128], count: 3)
      guard blockChannels[2] % 4 == 0 else {
        throw reader.invalid(
          "the last must be a multiple of 4, found \(blockChannels)", key: "global_block_channels")
      }
      blockStrides = try reader.positives("global_block_strides", default: [2, 2, 1], count: 3)
      guard blockStrides.allSatisfy({ $0 <= 2 }) else {
        throw reader.invalid("must be 1 or 2, found \(blockStrides)", key: "global_block_strides")
      }
      globalChannels = try reader.positive("global_out_channels", default: 128)
      let higher = try reader.positive("higher_in_channels", default: 64)
      guard higher == sharedChannels else {
        throw reader.invalid(
          "must be global_in_channels, \(sharedChannels), found \(higher)", key: "higher_in_channels")
      }
      let lower = try reader.positive("lower_in_channels", default: 128)
      guard lower == globalChannels else {
        throw reader.invalid(
          "must be global_out_channels, \(globalChannels), found \(lower)", key: "lower_in_channels")
      }
      fusionChannels = try reader.positive("fusion_out_channels", default: 128)
      guard globalChannels % fusionChannels == 0 else {
        throw reader.invalid(
          "must divide global_out_channels, \(globalChannels), found \(fusionChannels)",
          key: "fusion_out_channels")
      }
      outIndices = try reader.outIndices(of: 3)
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .relu)
      depthwiseActivation = try reader.value("dw_act_cfg", default: nil as ActivationConfig?)
      alignCorners = try reader.value("align_corners", default: false)
      initialization =
        try reader.optional("init_cfg", as: OneOrMany<InitConfig>.self)?.elements ?? .kaimingAndOnes
      try reader.check(
        style.norm,
        channels: downsampleChannels + blockChannels + [
          sharedChannels, globalChannels, fusionChannels, blockChannels[2] / 4,
        ])
    }
  }

  let learningToDownsample: LearningToDownsample
  let globalFeatureExtractor: GlobalFeatureExtractor
  let featureFusion: FeatureFusion
  private let outIndices: [Int]
  let initialization: [InitConfig]

  init(_ config: Config) {
    learningToDownsample = LearningToDownsample(config)
    globalFeatureExtractor = GlobalFeatureExtractor(config)
    featureFusion = FeatureFusion(config)
    (outIndices, initialization) = (config.outIndices, config.initialization)
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    let shared = learningToDownsample(x)
    let deep = globalFeatureExtractor(shared)
    let all = [shared, deep, featureFusion(shared, deep)]
    return outIndices.map { all[$0] }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension FastSCNN {
  final class LearningToDownsample: Module, UnaryModule {
    let conv: ConvModule
    let dsconv1: DepthwiseSeparableConvModule
    let dsconv2: DepthwiseSeparableConvModule

    init(_ config: Config) {
      let widths = config.downsampleChannels
      // These heed neither act_cfg nor conv_cfg.
      func separable(_ inChannels: Int, _ outChannels: Int) -> DepthwiseSeparableConvModule {
        DepthwiseSeparableConvModule(
          inChannels, outChannels, kernel: 3, stride: 2, padding: 1,
          style: ConvStyle(norm: config.style.norm, activation: .relu),
          depthwise: ConvStyle(norm: config.style.norm, activation: config.depthwiseActivation))
      }
      conv = config.style.make(config.inChannels, widths[0], kernel: 3, stride: 2, padding: 1)
      dsconv1 = separable(widths[0], widths[1])
      dsconv2 = separable(widths[1], config.sharedChannels)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { dsconv2(dsconv1(conv(x))) }
  }

  final class GlobalFeatureExtractor: Module, UnaryModule {
    let bottleneck1, bottleneck2, bottleneck3: Sequential
    let ppm: PyramidPooling
    let out: ConvModule

    init(_ config: Config) {
      let widths = [config.sharedChannels] + config.blockChannels
      let style = ConvStyle(norm: config.style.norm, activation: config.style.activation)
      func group(_ index: Int) -> Sequential {
        Sequential(
          (0..<3).map { block in
            InvertedResidual(
              block == 0 ? widths[index] : widths[index + 1], widths[index + 1],
              stride: block == 0 ? config.blockStrides[index] : 1, expansion: 6, style)
          })
      }
      (bottleneck1, bottleneck2, bottleneck3) = (group(0), group(1), group(2))
      ppm = PyramidPooling(
        scales: [1, 2, 3, 6], widths[3], widths[3] / 4, config.style, alignCorners: config.alignCorners)
      out = config.style.make(widths[3] * 2, config.globalChannels, kernel: 3, padding: 1)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = bottleneck3(bottleneck2(bottleneck1(x)))
      return out(.concatenate([y] + ppm(y), axis: 1))
    }
  }

  final class FeatureFusion: Module {
    let dwconv: ConvModule
    let convLowerRes: ConvModule
    let convHigherRes: ConvModule
    private let alignCorners: Bool

    init(_ config: Config) {
      let (style, channels) = (config.style, config.fusionChannels)
      let linear = ConvStyle(conv: style.conv, norm: style.norm)
      dwconv = ConvModule(
        config.globalChannels, channels, kernel: 3, padding: 1, groups: channels, conv: style.conv,
        norm: style.norm,
        activation: style.activation)
      convLowerRes = linear.make(channels, channels, kernel: 1)
      convHigherRes = linear.make(config.sharedChannels, channels, kernel: 1)
      alignCorners = config.alignCorners
    }

    func callAsFunction(_ higher: Tensor, _ lower: Tensor) -> Tensor {
      let low = convLowerRes(dwconv(lower.resized(like: higher, alignCorners: alignCorners)))
      return (convHigherRes(higher) + low).relu()
    }
  }

  /// The block of MobileNetV2 under mmseg's keys: a list `conv` of `ConvModule`s.
  final class InvertedResidual: Module, UnaryModule {
    let conv: Sequential
    private let addsInput: Bool

    init(_ inChannels: Int, _ outChannels: Int, stride: Int, expansion: Int, _ style: ConvStyle) {
      let hidden = inChannels * expansion
      conv = Sequential([
        style.make(inChannels, hidden, kernel: 1),
        ConvModule(
          hidden, hidden, kernel: 3, stride: Pair(stride), padding: 1, groups: hidden, norm: style.norm,
          activation: style.activation),
        ConvStyle(norm: style.norm).make(hidden, outChannels, kernel: 1),
      ])
      addsInput = stride == 1 && inChannels == outChannels
    }

    func callAsFunction(_ x: Tensor) -> Tensor { addsInput ? x + conv(x) : conv(x) }
  }
}
