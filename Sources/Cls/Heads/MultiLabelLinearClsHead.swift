import Core

/// One linear layer from pooled features to independent scores.
///
/// Mirrors mmcls's `MultiLabelLinearClsHead`.
public final class MultiLabelLinearClsHead: Module, ClassificationHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var classes: Int
    public var inChannels: Int
    public var loss: ConfigNodeBox
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.value("num_classes")
      guard classes > 0 else {
        throw reader.invalid("must be positive, found \(classes)", key: "num_classes")
      }
      inChannels = try reader.value("in_channels")
      guard inChannels > 0 else {
        throw reader.invalid("must be positive, found \(inChannels)", key: "in_channels")
      }
      loss = ConfigNodeBox(reader.node("loss"), path: reader.path("loss"))
      initialization = try reader.initialization(default: [.normal(std: 0.01, layers: ["Linear"])])
    }
  }

  let computeLoss: any ClassificationLoss
  let fc: Linear
  public let classes: Int?
  public var inChannels: Int? { fc.inFeatures }
  public let isMultiLabel = true
  private let objective: MultiLabelObjective
  public let initialization: [InitConfig]

  public init(_ config: Config, _ context: BuildContext) throws {
    objective = try MultiLabelObjective(config.loss, context)
    computeLoss = objective.loss
    fc = Linear(config.inChannels, config.classes)
    classes = config.classes
    initialization = config.initialization
  }

  public func preLogits(_ features: [Tensor]) -> Tensor { features[features.count - 1] }

  public func logits(_ features: [Tensor]) -> Tensor { fc(preLogits(features)) }

  public func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms {
    try objective(logits(features), target)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
