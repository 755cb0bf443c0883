import Core

/// A linear layer for each of the two networks of a Conformer.
///
/// Mirrors mmcls's `ConformerHead`: scores are added for predictions, losses are the mean of both.
public final class ConformerHead: Module, ClassificationHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var classes: Int
    /// Of the residual network and of the transformer.
    public var channels: [Int]
    public var objective: ClassificationObjective.Config
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.value("num_classes", in: 1...(1 << 24))
      channels = try reader.values("in_channels", in: 1...(1 << 24), count: 2)
      objective = try .init(from: &reader)
      initialization = try reader.initialization(default: [.normal(std: 0.01, layers: ["Linear"])])
    }
  }

  let computeLoss: any ClassificationLoss
  let convClsHead: Linear
  let transClsHead: Linear
  public let classes: Int?
  private let objective: ClassificationObjective
  public let initialization: [InitConfig]

  public init(_ config: Config, _ context: BuildContext) throws {
    convClsHead = Linear(config.channels[0], config.classes)
    transClsHead = Linear(config.channels[1], config.classes)
    classes = config.classes
    objective = try ClassificationObjective(config.objective, context)
    computeLoss = objective.loss
    initialization = config.initialization
  }

  /// Channels of the two features that the head takes.
  var channels: [Int] { [convClsHead.inFeatures, transClsHead.inFeatures] }

  public func preLogits(_ features: [Tensor]) -> Tensor {
    Tensor.concatenate(Array(features.suffix(2)), axis: 1)
  }

  private func scores(_ features: [Tensor]) -> [Tensor] {
    let last = Array(features.suffix(2))
    return [convClsHead(last[0]), transClsHead(last[1])]
  }

  public func logits(_ features: [Tensor]) -> Tensor {
    let scores = scores(features)
    return scores[0] + scores[1]
  }

  public func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms {
    let scores = scores(features)
    // Accuracy is that of the sum.
    var terms = try objective(scores[0] + scores[1], target)
    let count = Double(scores[0].shape[0])
    let losses = try scores.map { try objective.loss($0, target, weight: nil, averageFactor: count) / 2 }
    terms["loss"] = losses[0] + losses[1]
    return terms
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    // As in the original, whose own rule comes last whatever the config says.
    if !startsFromFile { initializeAsTransformer(using: &generator) }
  }
}
