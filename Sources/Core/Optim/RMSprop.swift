import OrderedCollections
import TorchFile

/// Root mean square propagation (Hinton's lecture notes; the centered form is Graves, 2013,
/// <https://arxiv.org/abs/1308.0850>).
///
/// `v = α v + (1 - α) g²`; the step is `g / (√v + ε)` - centered: `g / (√(v - ḡ²) + ε)` with the running mean `ḡ` - and
/// goes through a momentum buffer if there is a momentum. Mirrors `torch.optim.RMSprop`.
public final class RMSprop: Optimizer {
  public struct Options: OptimizerOptions, Equatable {
    public var learningRate: Double
    public var momentum: Double
    public var alpha: Double
    public var epsilon: Double
    public var centered: Bool
    public var weightDecay: Double

    /// - Throws: `InvalidConfig` for negative values.
    public init(
      learningRate: Double = 1e-2, alpha: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0,
      momentum: Double = 0, centered: Bool = false
    ) throws {
      (self.learningRate, self.momentum, self.alpha) = (learningRate, momentum, alpha)
      (self.epsilon, self.centered, self.weightDecay) = (epsilon, centered, weightDecay)
      try validate()
    }
  }

  public convenience init(_ parameters: [Parameter], _ options: Options) {
    self.init([ParameterGroup(parameters, options: options)])
  }

  public override var stepForm: StepForm { .number }

  public override func update(
    _ parameter: Tensor, gradient: Tensor, state: inout State, options: any OptimizerOptions
  ) {
    guard let options = options as? Options else { preconditionFailure("RMSprop.update: options of RMSprop") }
    let average = state.tensor("square_avg", like: parameter)
    let buffer = options.momentum > 0 ? state.tensor("momentum_buffer", like: parameter) : nil
    let mean = options.centered ? state.tensor("grad_avg", like: parameter) : nil
    parameter.backend.rmspropStep(
      options, gradient: gradient, squareAverage: average, momentumBuffer: buffer, gradientAverage: mean,
      parameter: parameter)
  }
}

extension RMSprop.Options {
  func validate() throws {
    let named = [
      ("lr", learningRate), ("eps", epsilon), ("momentum", momentum), ("weight_decay", weightDecay),
      ("alpha", alpha),
    ]
    for (name, value) in named { try require(value >= 0, "\(name) must not be negative, found \(value)") }
  }

  public var scheduledMomentum: Double {
    get { momentum }
    set { momentum = newValue }
  }

  public var pickled: OrderedDictionary<String, PickleValue> {
    [
      "lr": .float(learningRate), "momentum": .float(momentum), "alpha": .float(alpha),
      "eps": .float(epsilon),
      "centered": .bool(centered), "weight_decay": .float(weightDecay), "foreach": .none,
    ]
  }

  public mutating func update(from group: PickleDictionary) throws {
    try group.read("lr", into: &learningRate)
    try group.read("momentum", into: &momentum)
    try group.read("alpha", into: &alpha)
    try group.read("eps", into: &epsilon)
    try group.read("centered", into: &centered)
    try group.read("weight_decay", into: &weightDecay)
    try validate()
  }

  public func makeOptimizer(_ groups: [ParameterGroup]) -> Optimizer { RMSprop(groups) }
}

extension RMSprop.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    learningRate = try reader.value("lr", default: 1e-2)
    alpha = try reader.value("alpha", default: 0.99)
    epsilon = try reader.value("eps", default: 1e-8)
    weightDecay = try reader.value("weight_decay", default: 0)
    momentum = try reader.value("momentum", default: 0)
    centered = try reader.value("centered", default: false)
    try reader.ignoreImplementationChoices()
    try reader.check(validate)
  }
}
