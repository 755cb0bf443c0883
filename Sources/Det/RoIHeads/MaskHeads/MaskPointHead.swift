import Core
import PyConfig

/// Classifies single points of a mask by fine and coarse features.
///
/// Kirillov et al., 2019, section 3.3 (<https://arxiv.org/abs/1912.08193>). Mirrors mmdet's `MaskPointHead`.
///
/// - Input: fine features `[regions, points, inChannels]` and coarse logits `[regions, points, classes]`
/// - Output: logits `[regions, points, classes]`
public final class MaskPointHead: Module, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var classes, layers, inChannels, width: Int
    public var isClassAgnostic: Bool
    /// Whether each layer sees the coarse logits again.
    public var repeatsCoarse: Bool
    public var activation: ActivationConfig?
    public var loss: Component
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.integer("num_classes", in: 1...1_000_000)
      layers = try reader.integer("num_fcs", default: 3, in: 0...100)
      inChannels = try reader.integer("in_channels", default: 256, in: 1...(1 << 20))
      width = try reader.integer("fc_channels", default: 256, in: 1...(1 << 20))
      isClassAgnostic = try reader.value("class_agnostic", default: false)
      repeatsCoarse = try reader.value("coarse_pred_each_layer", default: true)
      activation = try reader.value("act_cfg", default: .relu)
      loss = try reader.component(
        "loss_point", default: ["type": "CrossEntropyLoss", "use_mask": true, "loss_weight": 1.0])
      initialization = try reader.initialization(default: [
        .override("fc_logits", .normal(mean: 0, std: 0.001))
      ])
      if let node = reader.node("conv_cfg"), let type = node.dictionary?["type"]?.string, type != "Conv1d" {
        throw reader.invalid("must be of the type Conv1d, found '\(type)'", key: "conv_cfg")
      }
      if let node = reader.node("norm_cfg"), !node.isNone {
        throw reader.invalid("must be None", key: "norm_cfg")
      }
    }
  }

  let lossPoint: any DetectionLoss
  let fcs: ModuleList<PointLayer>
  let fcLogits: PointConv
  public let config: Config

  public init(_ config: Config, _ context: BuildContext) throws {
    self.config = config
    lossPoint = try config.loss.build(context.registries.detectionLosses, context)
    let wide = config.width + (config.repeatsCoarse ? config.classes : 0)
    fcs = ModuleList(
      (0..<config.layers).map {
        PointLayer($0 == 0 ? config.inChannels + config.classes : wide, config.width, config.activation)
      })
    fcLogits = PointConv(
      config.layers == 0 ? config.inChannels + config.classes : wide,
      config.isClassAgnostic ? 1 : config.classes)
  }

  public func callAsFunction(_ fine: Tensor, _ coarse: Tensor) -> Tensor {
    var x = Tensor.concatenate([fine, coarse], axis: 2)
    for layer in fcs {
      x = layer(x)
      if config.repeatsCoarse { x = Tensor.concatenate([x, coarse], axis: 2) }
    }
    return fcLogits(x)
  }

  /// The logits of the regions' own classes, `[regions, points]`.
  func own(_ logits: Tensor, _ labels: [Int]) -> Tensor {
    let (n, count, classes) = (logits.shape[0], logits.shape[1], logits.shape[2])
    let rows = labels.enumerated().map { $0 * classes + (config.isClassAgnostic ? 0 : $1) }
    return logits.transposed(1, 2).reshaped([n * classes, count]).indexSelected(0, rows)
  }

  /// - Parameter targets: `[regions, points]`.
  func loss(_ own: Tensor, _ targets: Tensor) throws -> Tensor {
    let (n, count) = (own.shape[0], own.shape[1])
    guard n > 0 else { return own.sum() }
    return try lossPoint(
      own.reshaped([n, 1, count, 1]),
      .masks(targets.reshaped([n, count, 1]), labels: Array(repeating: 0, count: n)),
      weight: nil, averageFactor: nil, reduction: nil)
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// A convolution over single points: `torch.nn.Conv1d` with a kernel of 1.
///
/// - Input: `[N, points, in]`
/// - Output: `[N, points, out]`
final class PointConv: Module, UnaryModule {
  /// `[out, in, 1]`
  let weight: Parameter
  /// `[out]`
  let bias: Parameter

  init(_ inChannels: Int, _ outChannels: Int) {
    weight = Parameter(.zeros([outChannels, inChannels, 1]))
    bias = Parameter(.zeros([outChannels]))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    x.linear(weight.value.reshaped([weight.shape[0], weight.shape[1]]), bias: bias.value)
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    Init.linearDefault(weight, bias: bias, using: &generator)
  }
}

/// A point convolution with its activation.
final class PointLayer: Module, UnaryModule {
  let conv: PointConv
  private let activate: (any UnaryModule)?

  init(_ inChannels: Int, _ outChannels: Int, _ activation: ActivationConfig?) {
    conv = PointConv(inChannels, outChannels)
    activate = activation?.make()
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = conv(x)
    return activate.map { $0(y) } ?? y
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    Init.kaiming(conv.weight, using: &generator)
    Init.constant(conv.bias, 0)
  }
}

extension Registries {
  /// Heads over points of masks (`roi_head.point_head`).
  public var maskPointHeads: Registry<MaskPointHead> {
    get { self[MaskPointHead.self, role: "point head"] }
    set { self[MaskPointHead.self, role: "point head"] = newValue }
  }
}
