import Core

/// A linear layer and one for distillation beside it, whose mean is predicted.
///
/// Mirrors mmcls's `EfficientFormerClsHead`, which is trained without distillation only.
public final class EfficientFormerClsHead: Module, ClassificationHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var classes: Int
    public var inChannels: Int
    public var isDistilled: Bool
    public var objective: ClassificationObjective.Config
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.value("num_classes", in: 1...(1 << 24))
      inChannels = try reader.value("in_channels", in: 1...(1 << 24))
      isDistilled = try reader.value("distillation", default: true)
      objective = try .init(from: &reader)
      initialization = try reader.initialization(default: [.normal(std: 0.01, layers: ["Linear"])])
    }
  }

  let computeLoss: any ClassificationLoss
  let head: Linear
  let distHead: Linear?
  public let classes: Int?
  public var inChannels: Int? { head.inFeatures }
  private let objective: ClassificationObjective
  public let initialization: [InitConfig]

  public init(_ config: Config, _ context: BuildContext) throws {
    head = Linear(config.inChannels, config.classes)
    distHead = config.isDistilled ? Linear(config.inChannels, config.classes) : nil
    classes = config.classes
    objective = try ClassificationObjective(config.objective, context)
    computeLoss = objective.loss
    initialization = config.initialization
  }

  public func preLogits(_ features: [Tensor]) -> Tensor { features[features.count - 1] }

  public func logits(_ features: [Tensor]) -> Tensor {
    let x = preLogits(features)
    return distHead.map { (head(x) + $0(x)) / 2 } ?? head(x)
  }

  /// - Throws: `InvalidConfig` with distillation.
  public func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms {
    guard distHead == nil else {
      throw InvalidConfig("EfficientFormerClsHead can be trained with distillation=False only")
    }
    return try objective(logits(features), target)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
