import OrderedCollections
import TorchFile

/// Stochastic gradient descent with momentum.
///
/// With `g = gradient + weightDecay · p`: `b = momentum · b + (1 - dampening) · g` (the first time `b = g`), then
/// `p -= learningRate · b`, or with Nesterov momentum `p -= learningRate · (g + momentum · b)`.
/// Mirrors `torch.optim.SGD`.
public final class SGD: Optimizer {
  public struct Options: OptimizerOptions, Equatable {
    public var learningRate: Double
    public var momentum = 0.0
    public var dampening = 0.0
    public var weightDecay = 0.0
    public var nesterov = false

    /// - Throws: `InvalidConfig` for negative values, and for Nesterov momentum without momentum or with dampening.
    public init(
      learningRate: Double, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0,
      nesterov: Bool = false
    ) throws {
      (self.learningRate, self.momentum, self.dampening) = (learningRate, momentum, dampening)
      (self.weightDecay, self.nesterov) = (weightDecay, nesterov)
      try validate()
    }
  }

  public convenience init(_ parameters: [Parameter], _ options: Options) {
    self.init([ParameterGroup(parameters, options: options)])
  }

  public override func update(
    _ parameter: Tensor, gradient: Tensor, state: inout State, options: any OptimizerOptions
  ) {
    guard let options = options as? Options else { preconditionFailure("SGD.update: options of SGD") }
    var buffer: Tensor?
    let isFirst = state.tensors["momentum_buffer"] == nil
    if options.momentum != 0 { buffer = state.tensor("momentum_buffer", like: parameter) }
    parameter.backend.sgdStep(
      options, isFirst: isFirst, gradient: gradient, momentumBuffer: buffer, parameter: parameter)
  }
}

extension SGD.Options {
  func validate() throws {
    try require(learningRate >= 0, "lr must not be negative, found \(learningRate)")
    try require(momentum >= 0, "momentum must not be negative, found \(momentum)")
    try require(weightDecay >= 0, "weight_decay must not be negative, found \(weightDecay)")
    try require(
      !nesterov || momentum > 0 && dampening == 0,
      "nesterov needs a momentum and no dampening, found momentum \(momentum), dampening \(dampening)")
  }

  public var scheduledMomentum: Double {
    get { momentum }
    set { momentum = newValue }
  }

  public var pickled: OrderedDictionary<String, PickleValue> {
    [
      "lr": .float(learningRate), "momentum": .float(momentum), "dampening": .float(dampening),
      "weight_decay": .float(weightDecay), "nesterov": .bool(nesterov), "maximize": .bool(false),
      "foreach": .none,
    ]
  }

  public mutating func update(from group: PickleDictionary) throws {
    try group.read("lr", into: &learningRate)
    try group.read("momentum", into: &momentum)
    try group.read("dampening", into: &dampening)
    try group.read("weight_decay", into: &weightDecay)
    try group.read("nesterov", into: &nesterov)
    try validate()
  }

  public func makeOptimizer(_ groups: [ParameterGroup]) -> Optimizer { SGD(groups) }
}

extension SGD.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    learningRate = try reader.value("lr")
    momentum = try reader.value("momentum", default: momentum)
    dampening = try reader.value("dampening", default: dampening)
    weightDecay = try reader.value("weight_decay", default: weightDecay)
    nesterov = try reader.value("nesterov", default: nesterov)
    try reader.ignoreImplementationChoices()
    try reader.check(validate)
  }
}
