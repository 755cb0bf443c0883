import Core

/// A linear layer, or two, from the class token to scores; for DeiT another beside it for the token of distillation.
///
/// Mirrors mmcls's `VisionTransformerClsHead` and `DeiTClsHead`, whose scores are the mean of both.
public final class VisionTransformerClsHead: Module, ClassificationHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var classes: Int
    public var inChannels: Int
    /// Of the layer in front; `nil`: none.
    public var hidden: Int?
    public var activation: ActivationConfig
    public var objective: ClassificationObjective.Config
    public var initialization: [InitConfig]
    /// Whether there is a layer for the token of distillation.
    public var isDistilled = false

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.value("num_classes", in: 1...(1 << 24))
      inChannels = try reader.value("in_channels", in: 1...(1 << 24))
      hidden = try reader.optional("hidden_dim")
      guard hidden.map({ (1...(1 << 24)).contains($0) }) ?? true else {
        throw reader.invalid("must be None or in \(1...(1 << 24)), found \(hidden ?? 0)", key: "hidden_dim")
      }
      activation = try reader.value("act_cfg", default: .function(.tanh))
      objective = try .init(from: &reader)
      initialization = try reader.initialization(default: [.constant(0, layers: ["Linear"])])
    }
  }

  let computeLoss: any ClassificationLoss
  let layers: TokenLayers
  public let classes: Int?
  public let inChannels: Int?
  private let objective: ClassificationObjective
  public let initialization: [InitConfig]

  /// `pre_logits`, `head` and `head_dist`.
  final class TokenLayers: Module {
    let preLogits: Linear?
    let act: (any UnaryModule)?
    let head: Linear
    let headDist: Linear?

    init(_ config: Config) {
      preLogits = config.hidden.map { Linear(config.inChannels, $0) }
      act = config.hidden.map { _ in config.activation.make() }
      head = Linear(config.hidden ?? config.inChannels, config.classes)
      headDist = config.isDistilled ? Linear(config.hidden ?? config.inChannels, config.classes) : nil
    }

    func features(_ token: Tensor) -> Tensor {
      let y = preLogits?(token) ?? token
      return act?(y) ?? y
    }
  }

  public init(_ config: Config, _ context: BuildContext) throws {
    layers = TokenLayers(config)
    (classes, inChannels) = (config.classes, config.inChannels)
    objective = try ClassificationObjective(config.objective, context)
    computeLoss = objective.loss
    initialization = config.initialization
  }

  public var tokens: Int { layers.headDist == nil ? 1 : 2 }

  /// The class token, and beside it the one of distillation, behind the layer in front.
  public func preLogits(_ features: [Tensor]) -> Tensor {
    let parts = features.suffix(tokens).map { layers.features($0) }
    return parts.count == 1 ? parts[0] : Tensor.concatenate(parts, axis: 1)
  }

  public func logits(_ features: [Tensor]) -> Tensor {
    let parts = features.suffix(tokens).map { layers.features($0) }
    guard let headDist = layers.headDist else { return layers.head(parts[0]) }
    return (layers.head(parts[0]) + headDist(parts[1])) / 2
  }

  public func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms {
    try objective(logits(features), target)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    guard let front = layers.preLogits else { return }
    Init.truncatedNormal(
      front.weight, standardDeviation: (1 / Double(front.inFeatures)).squareRoot(), using: &generator)
    front.bias.map { Init.constant($0, 0) }
  }
}

/// The head of a distilled Vision Transformer.
struct DeiTClsHeadConfig: ConfigRecord {
  var config: VisionTransformerClsHead.Config

  init(from reader: inout ConfigReader) throws {
    config = try VisionTransformerClsHead.Config(from: &reader)
    config.isDistilled = true
  }
}
