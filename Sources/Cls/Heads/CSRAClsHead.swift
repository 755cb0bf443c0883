import Core

/// Class-specific residual attention: each class looks at the image through an attention map of its own scores.
///
/// Zhu and Wu, 2021 (<https://arxiv.org/abs/2108.02456>). Mirrors mmcls's `CSRAClsHead`: the logits are the sum over
/// its heads, which differ in their temperature. Its predictions are these logits, without a sigmoid.
///
/// - Input: feature maps `[N, inChannels, H, W]`
/// - Output: `[N, classes]`
public final class CSRAClsHead: Module, ClassificationHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var classes: Int
    public var inChannels: Int
    public var temperatures: [CSRAModule.Temperature]
    /// λ, the weight of the attention.
    public var lambda: Float
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
      let heads: Int = try reader.value("num_heads")
      guard let temperatures = Self.temperatures[heads] else {
        throw reader.invalid("must be one of 1, 2, 4, 6, 8, found \(heads)", key: "num_heads")
      }
      self.temperatures = temperatures
      lambda = try reader.value("lam")
      guard lambda > 0 else { throw reader.invalid("must be positive, found \(lambda)", key: "lam") }
      loss = ConfigNodeBox(reader.node("loss"), path: reader.path("loss"))
      initialization = try reader.initialization(default: [.normal(std: 0.01, layers: ["Linear"])])
    }

    /// By the number of heads: small ones first, max pooling last.
    private static let temperatures: [Int: [CSRAModule.Temperature]] = [
      1: [.softmax(1)],
      2: [.softmax(1), .maximum],
      4: [.softmax(1), .softmax(2), .softmax(4), .maximum],
      6: (1...5).map { .softmax(Float($0)) } + [.maximum],
      8: (1...7).map { .softmax(Float($0)) } + [.maximum],
    ]
  }

  let computeLoss: any ClassificationLoss
  let csraHeads: ModuleList<CSRAModule>
  public let classes: Int?
  public var inChannels: Int? { csraHeads[0].head.inChannels }
  public let isMultiLabel = true
  private let objective: MultiLabelObjective
  public let initialization: [InitConfig]

  public init(_ config: Config, _ context: BuildContext) throws {
    objective = try MultiLabelObjective(config.loss, context)
    computeLoss = objective.loss
    csraHeads = ModuleList(
      config.temperatures.map {
        CSRAModule(config.inChannels, classes: config.classes, temperature: $0, lambda: config.lambda)
      })
    classes = config.classes
    initialization = config.initialization
  }

  public func preLogits(_ features: [Tensor]) -> Tensor { features[features.count - 1] }

  public func logits(_ features: [Tensor]) -> Tensor {
    let x = preLogits(features)
    return csraHeads.dropFirst().reduce(csraHeads[0](x)) { $0 + $1(x) }
  }

  public func probabilities(_ features: [Tensor]) -> Tensor { logits(features) }

  public func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms {
    try objective(logits(features), target)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// One head of `CSRAClsHead`: the mean of a class's scores over the image plus λ times their attention-weighted mean.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, classes]`
public final class CSRAModule: Module, UnaryModule {
  /// How sharp the attention is: a softmax of the scores times this, or the highest score alone.
  public enum Temperature: Sendable, Equatable {
    case softmax(Float)
    case maximum
  }

  /// `[classes, inChannels, 1, 1]`
  let head: Conv2d
  private let temperature: Temperature
  private let lambda: Float

  public init(_ inChannels: Int, classes: Int, temperature: Temperature, lambda: Float) {
    head = Conv2d(inChannels, classes, kernel: 1, bias: false)
    (self.temperature, self.lambda) = (temperature, lambda)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let norms = head.weight.value.norm(axes: [1], keepingAxes: true).transposed(0, 1)
    let scores = (head(x) / norms).flattened(from: 2)
    let attention =
      switch temperature {
      case .maximum: scores.maximum(along: 2).values
      case .softmax(let temperature): (scores * (scores * temperature).softmax(2)).sum([2])
      }
    return scores.mean([2]) + attention * lambda
  }
}
