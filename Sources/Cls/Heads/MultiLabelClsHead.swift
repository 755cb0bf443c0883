import Core

/// A head without layers for several labels an image: the backbone gives scores already.
///
/// Mirrors mmcls's `MultiLabelClsHead`.
public final class MultiLabelClsHead: Module, ClassificationHead {
  public struct Config: ConfigRecord, Sendable {
    public var loss: ConfigNodeBox

    public init(from reader: inout ConfigReader) throws {
      loss = ConfigNodeBox(reader.node("loss"), path: reader.path("loss"))
      reader.ignore("init_cfg")
    }
  }

  let computeLoss: any ClassificationLoss
  public let classes: Int? = nil
  public let isMultiLabel = true
  private let objective: MultiLabelObjective

  public init(_ config: Config, _ context: BuildContext) throws {
    objective = try MultiLabelObjective(config.loss, context)
    computeLoss = objective.loss
  }

  public func preLogits(_ features: [Tensor]) -> Tensor { features[features.count - 1] }

  public func logits(_ features: [Tensor]) -> Tensor { features[features.count - 1] }

  public func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms {
    try objective(logits(features), target)
  }
}
