import Core

/// A head without layers: the backbone gives scores already.
///
/// Mirrors mmcls's `ClsHead`.
public final class ClsHead: Module, ClassificationHead {
  public struct Config: ConfigRecord, Sendable {
    public var objective: ClassificationObjective.Config

    public init(from reader: inout ConfigReader) throws {
      objective = try .init(from: &reader)
      reader.ignore("init_cfg")
    }
  }

  let computeLoss: any ClassificationLoss
  public let classes: Int? = nil
  private let objective: ClassificationObjective

  public init(_ config: Config, _ context: BuildContext) throws {
    objective = try ClassificationObjective(config.objective, context)
    computeLoss = objective.loss
  }

  public func preLogits(_ features: [Tensor]) -> Tensor { features[features.count - 1] }

  public func logits(_ features: [Tensor]) -> Tensor { features[features.count - 1] }

  public func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms {
    try objective(logits(features), target)
  }
}
