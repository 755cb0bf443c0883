import Core
import PyConfig

/// Predicts small masks by fully connected layers, for PointRend to refine.
///
/// Kirillov et al., 2019, section 3.3 (<https://arxiv.org/abs/1912.08193>). Mirrors mmdet's `CoarseMaskHead`.
///
/// - Input: `[regions, inChannels, featureSize.h, featureSize.w]`
/// - Output: logits `[regions, classes, featureSize.h / factor, featureSize.w / factor]`
public final class CoarseMaskHead: Module, MaskHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var convs, layers, inChannels, channels, kernel, width, classes: Int
    /// By how much features are shrunk before the layers.
    public var factor: Int
    public var featureSize: Pair
    public var style: ConvStyle
    public var loss: Component
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      convs = try reader.integer("num_convs", default: 0, in: 0...100)
      layers = try reader.integer("num_fcs", default: 2, in: 1...100)
      inChannels = try reader.integer("in_channels", default: 256, in: 1...(1 << 20))
      channels = try reader.integer("conv_out_channels", default: 256, in: 1...(1 << 20))
      kernel = try reader.integer("conv_kernel_size", default: 3, in: 1...63)
      width = try reader.integer("fc_out_channels", default: 1024, in: 1...(1 << 20))
      classes = try reader.integer("num_classes", default: 80, in: 1...1_000_000)
      factor = try reader.integer("downsample_factor", default: 2, in: 1...64)
      featureSize = try reader.value("roi_feat_size", default: 14)
      let sides = factor...1024
      guard featureSize.array.allSatisfy({ sides.contains($0) }) else {
        throw reader.invalid("must be \(factor) to 1024, found \(featureSize)", key: "roi_feat_size")
      }
      style = ConvStyle(
        conv: try reader.optional("conv_cfg") ?? .plain, norm: try reader.optional("norm_cfg"),
        activation: .relu)
      loss = try reader.component(
        "loss_mask", default: ["type": "CrossEntropyLoss", "use_mask": true, "loss_weight": 1.0])
      let xavier = InitConfig(.xavier(gain: 1, .normal))
      initialization = try reader.initialization(default: [
        InitConfig(xavier.rule, overrides: [("fcs", xavier), ("fc_logits", InitConfig(.constant(0.001)))])
      ])
      // Classes always have masks of their own.
      reader.ignore("class_agnostic", "predictor_cfg")
      let (style, widths) = (style, channels)
      try reader.checked { try style.check(channels: [widths]) }
    }

    public var outputSize: Pair { Pair(h: featureSize.h / factor, w: featureSize.w / factor) }
  }

  let lossMask: any DetectionLoss
  let convs: ModuleList<ConvModule>
  let downsampleConv: ConvModule?
  let fcs: ModuleList<Linear>
  let fcLogits: Linear
  private let config: Config

  public init(_ config: Config, _ context: BuildContext) throws {
    self.config = config
    lossMask = try config.loss.build(context.registries.detectionLosses, context)
    convs = ModuleList(
      (0..<config.convs).map {
        config.style.make(
          $0 == 0 ? config.inChannels : config.channels, config.channels, kernel: Pair(config.kernel),
          padding: Pair((config.kernel - 1) / 2))
      })
    downsampleConv =
      config.factor > 1
      ? config.style.make(
        config.convs > 0 ? config.channels : config.inChannels, config.channels, kernel: Pair(config.factor),
        stride: Pair(config.factor)) : nil
    let area = config.outputSize.h * config.outputSize.w
    fcs = ModuleList(
      (0..<config.layers).map { Linear($0 == 0 ? config.channels * area : config.width, config.width) })
    fcLogits = Linear(config.width, config.classes * area)
  }

  public var classes: Int { config.classes }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for conv in convs { x = conv(x) }
    if let downsampleConv { x = downsampleConv(x) }
    x = x.flattened(from: 1)
    for layer in fcs { x = layer(x).relu() }
    return fcLogits(x).reshaped([x.shape[0], config.classes, config.outputSize.h, config.outputSize.w])
  }

  public func logits(_ x: Tensor, of labels: [Int]) -> Tensor { Self.own(self(x), labels) }

  /// One class of each region: `[regions, h, w]`.
  static func own(_ all: Tensor, _ labels: [Int]) -> Tensor {
    let (n, classes, h, w) = (all.shape[0], all.shape[1], all.shape[2], all.shape[3])
    return all.reshaped([n * classes, h, w]).indexSelected(0, labels.enumerated().map { $0 * classes + $1 })
  }

  public func losses(own logits: Tensor, targets: Tensor) throws -> LossTerms {
    try maskLosses(lossMask, own: logits, targets: targets)
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
