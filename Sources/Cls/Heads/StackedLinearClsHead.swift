import Core

/// Several linear layers, the hidden ones with normalisation, activation and dropout.
///
/// Mirrors mmcls's `StackedLinearClsHead`.
public final class StackedLinearClsHead: Module, ClassificationHead {
  public struct Config: ConfigRecord, Sendable {
    public var classes: Int
    public var inChannels: Int
    public var midChannels: [Int]
    public var dropout: Float
    public var norm: NormConfig?
    public var activation: ActivationConfig?
    public var objective: ClassificationObjective.Config

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.value("num_classes")
      guard (1..<1 << 24).contains(classes) else {
        throw reader.invalid("must be positive and below 2^24, found \(classes)", key: "num_classes")
      }
      inChannels = try reader.value("in_channels")
      guard (1..<1 << 24).contains(inChannels) else {
        throw reader.invalid("must be positive and below 2^24, found \(inChannels)", key: "in_channels")
      }
      midChannels = try reader.value("mid_channels")
      guard !midChannels.isEmpty, midChannels.allSatisfy({ (1..<1 << 24).contains($0) }) else {
        throw reader.invalid("must be a list of positive numbers, found \(midChannels)", key: "mid_channels")
      }
      dropout = try reader.value("dropout_rate", default: 0)
      guard (0...1).contains(dropout) else {
        throw reader.invalid("must be in 0...1, found \(dropout)", key: "dropout_rate")
      }
      norm = try reader.optional("norm_cfg")
      activation = reader.has("act_cfg") ? try reader.optional("act_cfg") : .relu
      objective = try .init(from: &reader)
      reader.ignore("init_cfg")
    }
  }

  let computeLoss: any ClassificationLoss
  let layers: ModuleList<LinearBlock>
  public let classes: Int?
  public var inChannels: Int? { layers[0].fc.inFeatures }
  private let objective: ClassificationObjective

  public init(_ config: Config, _ context: BuildContext) throws {
    var blocks: [LinearBlock] = []
    try config.norm?.check(channels: config.midChannels)
    var width = config.inChannels
    for channels in config.midChannels {
      blocks.append(
        LinearBlock(
          width, channels, dropout: config.dropout, norm: config.norm, activation: config.activation))
      width = channels
    }
    blocks.append(LinearBlock(width, config.classes, dropout: 0, norm: nil, activation: nil))
    layers = ModuleList(blocks)
    classes = config.classes
    objective = try ClassificationObjective(config.objective, context)
    computeLoss = objective.loss
  }

  public func preLogits(_ features: [Tensor]) -> Tensor {
    layers.dropLast().reduce(features[features.count - 1]) { $1($0) }
  }

  public func logits(_ features: [Tensor]) -> Tensor { layers[layers.count - 1](preLogits(features)) }

  public func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms {
    try objective(logits(features), target)
  }
}

/// A linear layer with what may follow it.
final class LinearBlock: Module, UnaryModule {
  let fc: Linear
  let norm: (any NormLayer)?
  let act: (any UnaryModule)?
  let dropout: Dropout?

  init(
    _ inChannels: Int, _ outChannels: Int, dropout: Float, norm: NormConfig?, activation: ActivationConfig?
  ) {
    fc = Linear(inChannels, outChannels)
    self.norm = norm?.make(outChannels)
    act = activation?.make()
    self.dropout = dropout > 0 ? Dropout(dropout) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var x = fc(x)
    if let norm { x = norm(x) }
    if let act { x = act(x) }
    if let dropout { x = dropout(x) }
    return x
  }
}
