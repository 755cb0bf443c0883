import Core
import PyConfig

/// mmdet's `SCNetMaskHead`: an `FCNMaskHead` whose convolutions are residual blocks.
struct SCNetMaskHeadConfig: ConfigRecord, Sendable {
  var base: FCNMaskHead.Config
  var isResidual: Bool

  init(from reader: inout ConfigReader) throws {
    isResidual = try reader.value("conv_to_res", default: true)
    base = try FCNMaskHead.Config(from: &reader)
    guard !isResidual || base.kernel == 3 else {
      throw reader.invalid("must be 3, found \(base.kernel)", key: "conv_kernel_size")
    }
  }

  func make(_ context: BuildContext) throws -> FCNMaskHead {
    let blocks =
      isResidual
      ? try SimplifiedBasicBlock.layers(base.convs / 2, base.inChannels, base.channels, style: base.style)
      : nil
    return try FCNMaskHead(base, context, convs: blocks)
  }
}

/// mmdet's `SCNetSemanticHead`: a `FusedSemanticHead` whose convolutions are residual blocks.
struct SCNetSemanticHeadConfig: ConfigRecord, Sendable {
  var base: FusedSemanticHead.Config
  var isResidual: Bool

  init(from reader: inout ConfigReader) throws {
    isResidual = try reader.value("conv_to_res", default: true)
    base = try FusedSemanticHead.Config(from: &reader)
  }

  func make(_ context: BuildContext) throws -> FusedSemanticHead {
    let blocks =
      isResidual
      ? try SimplifiedBasicBlock.layers(base.convs / 2, base.inChannels, base.channels, style: base.style)
      : nil
    return try FusedSemanticHead(base, context, convs: blocks)
  }
}

/// Says which classes a picture shows, and gives features of the whole picture.
///
/// Vu et al., 2020, section 3.3 (<https://arxiv.org/abs/2012.10150>). Mirrors mmdet's `GlobalContextHead`.
///
/// - Input: levels, of which the last is used
/// - Output: scores `[N, classes]` and features `[N, channels, 1, 1]`
public final class GlobalContextHead: Module, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var convs, inChannels, channels, classes: Int
    public var lossWeight: Float
    public var style: ConvStyle
    public var isResidual: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      convs = try reader.integer("num_convs", default: 4, in: 0...100)
      inChannels = try reader.integer("in_channels", default: 256, in: 1...(1 << 20))
      channels = try reader.integer("conv_out_channels", default: 256, in: 1...(1 << 20))
      classes = try reader.integer("num_classes", default: 80, in: 1...1_000_000)
      lossWeight = try reader.value("loss_weight", default: 1)
      style = ConvStyle(
        conv: try reader.optional("conv_cfg") ?? .plain, norm: try reader.optional("norm_cfg"),
        activation: .relu)
      isResidual = try reader.value("conv_to_res", default: false)
      initialization = try reader.initialization(default: [.override("fc", .normal(mean: 0, std: 0.01))])
      let (style, widths) = (style, channels)
      try reader.checked { try style.check(channels: [widths]) }
    }
  }

  let convs: Sequential
  let fc: Linear
  public let config: Config

  public init(_ config: Config) throws {
    self.config = config
    let style = config.style
    convs =
      config.isResidual
      ? try SimplifiedBasicBlock.layers(config.convs / 2, config.inChannels, config.channels, style: style)
      : Sequential(
        (0..<config.convs).map {
          style.make($0 == 0 ? config.inChannels : config.channels, config.channels, kernel: 3, padding: 1)
        })
    fc = Linear(config.channels, config.classes)
  }

  public func callAsFunction(_ levels: [Tensor]) -> (scores: Tensor, features: Tensor) {
    let pooled = convs(levels[levels.count - 1]).globalAvgPool2d()
    return (fc(pooled.reshaped([pooled.shape[0], pooled.shape[1]])), pooled)
  }

  /// - Parameter labels: the classes of the objects of each picture.
  func loss(_ scores: Tensor, _ labels: [[Int]]) throws -> Tensor {
    var target = [Float](repeating: 0, count: scores.count)
    for (image, labels) in labels.enumerated() {
      for label in labels {
        guard (0..<config.classes).contains(label) else {
          throw InvalidConfig(
            "classes of objects must be below glbctx_head.num_classes, \(config.classes), found \(label)")
        }
        target[image * config.classes + label] = 1
      }
    }
    return scores.binaryCrossEntropyWithLogits(Tensor(target, shape: scores.shape)) * config.lossWeight
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// Hands what a box head worked out of a region to the mask head.
///
/// Vu et al., 2020, section 3.2 (<https://arxiv.org/abs/2012.10150>). Mirrors mmdet's `FeatureRelayHead`.
///
/// - Input: `[regions, inChannels]`
/// - Output: `[regions, outChannels, factor · size, factor · size]`
public final class FeatureRelayHead: Module, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels, outChannels, size, factor: Int
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.integer("in_channels", default: 1024, in: 1...(1 << 20))
      outChannels = try reader.integer("out_conv_channels", default: 256, in: 1...(1 << 20))
      size = try reader.integer("roi_feat_size", default: 7, in: 1...1024)
      factor = try reader.integer("scale_factor", default: 2, in: 1...64)
      initialization = try reader.initialization(default: [.kaiming(layers: ["Linear"])])
    }
  }

  let fc: Linear
  public let config: Config

  public init(_ config: Config) {
    self.config = config
    fc = Linear(config.inChannels, config.outChannels * config.size * config.size)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    fc(x).reshaped([x.shape[0], config.outChannels, config.size, config.size])
      .interpolate(scaleFactor: ScaleFactor(Double(config.factor)), mode: .bilinear, alignCorners: true)
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension Registries {
  /// Heads over whole pictures (`roi_head.glbctx_head`).
  public var globalContextHeads: Registry<GlobalContextHead> {
    get { self[GlobalContextHead.self, role: "global context head"] }
    set { self[GlobalContextHead.self, role: "global context head"] = newValue }
  }

  /// Heads between box and mask heads (`roi_head.feat_relay_head`).
  public var featureRelayHeads: Registry<FeatureRelayHead> {
    get { self[FeatureRelayHead.self, role: "feature relay head"] }
    set { self[FeatureRelayHead.self, role: "feature relay head"] = newValue }
  }
}
