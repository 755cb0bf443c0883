import Core
import PyConfig

/// What box heads have in common. Mirrors the arguments of mmdet's `BBoxHead`.
public struct BoxHeadConfig: Sendable {
  /// Whether features are averaged over their pixels.
  public var averages: Bool
  public var classifies, regresses: Bool
  /// Height and width of the features.
  public var featureSize: Pair
  public var inChannels, classes: Int
  public var boxCoder: Component
  /// Whether one box stands for all classes.
  public var isClassAgnostic: Bool
  /// Whether the loss is one of boxes, not of the coder's numbers.
  public var decodesForLoss: Bool
  public var regPredictor, clsPredictor: LinearPredictor
  public var lossCls, lossBox: Component
  /// `nil`: the head's own.
  public var initialization: [InitConfig]?

  public init(from reader: inout ConfigReader, averages standard: Bool = false) throws {
    averages = try reader.value("with_avg_pool", default: standard)
    classifies = try reader.value("with_cls", default: true)
    regresses = try reader.value("with_reg", default: true)
    guard classifies || regresses else { throw reader.invalid("with_cls or with_reg must be set") }
    featureSize = try reader.value("roi_feat_size", default: 7)
    guard featureSize.array.allSatisfy({ (1...1024).contains($0) }) else {
      throw reader.invalid("must be 1 to 1024, found \(featureSize)", key: "roi_feat_size")
    }
    inChannels = try reader.integer("in_channels", default: 256, in: 1...(1 << 20))
    classes = try reader.integer("num_classes", default: 80, in: 1...1_000_000)
    boxCoder = try reader.component(
      "bbox_coder",
      default: [
        "type": "DeltaXYWHBBoxCoder", "clip_border": true, "target_means": [0.0, 0.0, 0.0, 0.0],
        "target_stds": [0.1, 0.1, 0.2, 0.2],
      ])
    isClassAgnostic = try reader.value("reg_class_agnostic", default: false)
    decodesForLoss = try reader.value("reg_decoded_bbox", default: false)
    regPredictor = try reader.optional("reg_predictor_cfg") ?? .plain(bias: true)
    clsPredictor = try reader.optional("cls_predictor_cfg") ?? .plain(bias: true)
    lossCls = try reader.component(
      "loss_cls", default: ["type": "CrossEntropyLoss", "use_sigmoid": false, "loss_weight": 1.0])
    lossBox = try reader.component(
      "loss_bbox", default: ["type": "SmoothL1Loss", "beta": 1.0, "loss_weight": 1.0])
    if let node = reader.node("init_cfg"), !node.isNone {
      initialization = try OneOrMany<InitConfig>(from: node, at: reader.path("init_cfg")).elements
    }
  }

  /// Numbers of the box coder that the head gives for a region.
  public var codes: Int { isClassAgnostic ? 4 : 4 * classes }
  /// Inputs of a layer over all numbers of a region.
  public func flattened(_ channels: Int) -> Int {
    averages ? channels : channels * featureSize.h * featureSize.w
  }
}
