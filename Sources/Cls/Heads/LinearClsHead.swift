import Core

/// One linear layer from pooled features to scores.
///
/// Mirrors mmcls's `LinearClsHead`.
public final class LinearClsHead: Module, ClassificationHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var classes: Int
    public var inChannels: Int
    public var objective: ClassificationObjective.Config
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.value("num_classes")
      guard (1..<1 << 24).contains(classes) else {
        throw reader.invalid("must be positive and below 2^24, found \(classes)", key: "num_classes")
      }
      inChannels = try reader.value("in_channels")
      guard (1..<1 << 24).contains(inChannels) else {
        throw reader.invalid("must be positive and below 2^24, found \(inChannels)", key: "in_channels")
      }
      objective = try .init(from: &reader)
      initialization = try reader.initialization(default: [.normal(std: 0.01, layers: ["Linear"])])
    }
  }

  let computeLoss: any ClassificationLoss
  let fc: Linear
  public let classes: Int?
  public var inChannels: Int? { fc.inFeatures }
  private let objective: ClassificationObjective
  public let initialization: [InitConfig]

  public init(_ config: Config, _ context: BuildContext) throws {
    fc = Linear(config.inChannels, config.classes)
    classes = config.classes
    objective = try ClassificationObjective(config.objective, context)
    computeLoss = objective.loss
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
