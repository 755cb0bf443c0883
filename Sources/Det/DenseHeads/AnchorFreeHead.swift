import Core
import PyConfig

/// The settings of a head that works on points. Mirrors the arguments of mmdet's `AnchorFreeHead`.
public struct AnchorFreeConfig: Sendable {
  public var classes, inChannels, featChannels: Int
  var strides: [Pair]
  var stack: ConvStackConfig
  var deformsLast: Bool
  /// `nil`: only where there is no norm.
  var convBias: Bool?
  var lossCls, lossBox, boxCoder: Component
  public var training: DenseTrainConfig?
  public var testing: DenseTestConfig?
  public var initialization: [InitConfig]

  struct Defaults {
    var norm: NormConfig?
    var strides = [4, 8, 16, 32, 64]
    var lossCls: ConfigNode = [
      "type": "FocalLoss", "use_sigmoid": true, "gamma": 2.0, "alpha": 0.25, "loss_weight": 1.0,
    ]
    var lossBox: ConfigNode = ["type": "IoULoss", "loss_weight": 1.0]
    var classifier = "conv_cls"
  }

  init(from reader: inout ConfigReader, _ defaults: Defaults = Defaults(), readsTraining: Bool = true) throws
  {
    classes = try reader.classes()
    inChannels = try reader.channels("in_channels")
    featChannels = try reader.channels("feat_channels", default: 256)
    strides = reader.has("strides") ? try reader.strides() : defaults.strides.map { Pair($0) }
    stack = try ConvStackConfig(from: &reader, norm: defaults.norm)
    deformsLast = try reader.value("dcn_on_last_conv", default: false)
    convBias = try reader.autoBias("conv_bias")
    lossCls = try reader.component("loss_cls", default: defaults.lossCls)
    lossBox = try reader.component("loss_bbox", default: defaults.lossBox)
    boxCoder = try reader.component("bbox_coder", default: ["type": "DistancePointBBoxCoder"])
    training = readsTraining ? try reader.optional("train_cfg") : nil
    testing = try reader.optional("test_cfg")
    initialization = try reader.initialization(default: [.head(classifier: defaults.classifier)])
  }

  /// A stack of convolutions, the last one deformable where asked for.
  func makeStack() -> ModuleList<ConvModule> {
    stack.make(
      inChannels, featChannels, last: deformsLast ? ConvConfig(.modulatedDeformable) : nil, bias: convBias)
  }
}

extension ConfigReader {
  /// A `bias` that is true, false or `'auto'`.
  mutating func autoBias(_ key: String) throws -> Bool? {
    guard let node = node(key) else { return nil }
    if node.string == "auto" { return nil }
    return try Bool(from: node, at: path(key))
  }
}

/// A head that gives a box and scores for each point. Mirrors mmdet's `AnchorFreeHead`.
///
/// Subclasses have the layers.
public class AnchorFreeHead: BaseDenseHead {
  let lossCls: any DetectionLoss
  let lossBbox: any DetectionLoss
  let config: AnchorFreeConfig
  let boxCoder: any BoxCoder
  let points: PointGenerator

  init(_ config: AnchorFreeConfig, _ context: BuildContext, points: PointGenerator? = nil) throws {
    try config.stack.check(config.featChannels)
    self.config = config
    lossCls = try config.lossCls.build(context.registries.detectionLosses, context)
    lossBbox = try config.lossBox.build(context.registries.detectionLosses, context)
    boxCoder = try config.boxCoder.build(context.registries.boxCoders, context)
    self.points = points ?? PointGenerator(strides: config.strides)
    super.init(
      classes: config.classes, usesSigmoid: config.lossCls.flag("use_sigmoid"), testing: config.testing,
      initialization: config.initialization)
  }

  override var inputChannels: [Int] { [config.inChannels] }

  /// Scores of a config's classes, known before the head is.
  static func scoreChannels(_ config: AnchorFreeConfig) -> Int {
    config.lossCls.flag("use_sigmoid") ? config.classes : config.classes + 1
  }

  public override func decode(level: Int, _ kept: [Int], _ codes: Tensor, sizes: [Pair], _ meta: ImageMeta)
    throws
    -> Boxes
  {
    let all = try points.points(sizes: sizes)[level]
    return Boxes(boxCoder.decode(Self.pick(all, kept), codes, maxShape: meta.size))
  }

  /// Some of a level's points as `[n, 2]`.
  static func pick(_ points: [Float], _ kept: [Int]) -> Tensor {
    Tensor(kept.flatMap { [points[2 * $0], points[2 * $0 + 1]] }, shape: [kept.count, 2])
  }
}
