import OrderedCollections
import TorchFile

/// Adaptive moment estimation (Kingma and Ba, 2014, <https://arxiv.org/abs/1412.6980>), also with decoupled weight
/// decay (Loshchilov and Hutter, 2017, <https://arxiv.org/abs/1711.05101>).
///
/// `m = β1 m + (1 - β1) g`, `v = β2 v + (1 - β2) g²`, `p -= lr / (1 - β1^t) · m / (√v / √(1 - β2^t) + ε)`. Adam adds
/// `weightDecay · p` to the gradient; AdamW multiplies `p` by `1 - lr · weightDecay` first. With AMSGrad the largest
/// `v` so far takes the place of `v`. Mirrors `torch.optim.Adam` and `torch.optim.AdamW`.
public final class Adam: Optimizer {
  public struct Options: OptimizerOptions, Equatable {
    public var learningRate: Double
    public var beta1, beta2: Double
    public var epsilon: Double
    public var weightDecay: Double
    public var amsgrad: Bool
    /// Whether this is AdamW.
    public var decoupled: Bool

    /// - Throws: `InvalidConfig` for values out of range.
    public init(
      learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
      weightDecay: Double? = nil, amsgrad: Bool = false, decoupled: Bool = false
    ) throws {
      (self.learningRate, self.beta1, self.beta2, self.epsilon) = (learningRate, beta1, beta2, epsilon)
      self.weightDecay = weightDecay ?? (decoupled ? 1e-2 : 0)
      (self.amsgrad, self.decoupled) = (amsgrad, decoupled)
      try validate()
    }
  }

  public convenience init(_ parameters: [Parameter], _ options: Options) {
    self.init([ParameterGroup(parameters, options: options)])
  }

  public override var name: String {
    (groups.first?.options as? Options)?.decoupled == true ? "AdamW" : "Adam"
  }
  public override var stepForm: StepForm { .tensor }

  public override func update(
    _ parameter: Tensor, gradient: Tensor, state: inout State, options: any OptimizerOptions
  ) {
    guard let options = options as? Options else { preconditionFailure("Adam.update: options of Adam") }
    let first = state.tensor("exp_avg", like: parameter)
    let second = state.tensor("exp_avg_sq", like: parameter)
    let maximum = options.amsgrad ? state.tensor("max_exp_avg_sq", like: parameter) : nil
    parameter.backend.adamStep(
      options, step: state.step, gradient: gradient, firstMoment: first, secondMoment: second,
      maximum: maximum,
      parameter: parameter)
  }
}

extension Adam.Options {
  func validate() throws {
    try require(learningRate >= 0, "lr must not be negative, found \(learningRate)")
    try require(epsilon >= 0, "eps must not be negative, found \(epsilon)")
    try require(
      (0..<1).contains(beta1) && (0..<1).contains(beta2),
      "betas must lie in [0, 1), found (\(beta1), \(beta2))")
    try require(weightDecay >= 0, "weight_decay must not be negative, found \(weightDecay)")
  }

  public var scheduledMomentum: Double {
    get { beta1 }
    set { beta1 = newValue }
  }

  public var pickled: OrderedDictionary<String, PickleValue> {
    var result: OrderedDictionary<String, PickleValue> = [
      "lr": .float(learningRate), "betas": .tuple([.float(beta1), .float(beta2)]), "eps": .float(epsilon),
      "weight_decay": .float(weightDecay), "amsgrad": .bool(amsgrad),
    ]
    let rest: [(String, PickleValue)] =
      decoupled
      ? [("foreach", .none), ("maximize", .bool(false))] : [("maximize", .bool(false)), ("foreach", .none)]
    for (key, value) in rest { result[key] = value }
    result["capturable"] = .bool(false)
    return result
  }

  public mutating func update(from group: PickleDictionary) throws {
    try group.read("lr", into: &learningRate)
    try group.readBetas(into: &beta1, &beta2)
    try group.read("eps", into: &epsilon)
    try group.read("weight_decay", into: &weightDecay)
    try group.read("amsgrad", into: &amsgrad)
    try validate()
  }

  public func makeOptimizer(_ groups: [ParameterGroup]) -> Optimizer { Adam(groups) }
}

extension Adam.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws { try self.init(from: &reader, decoupled: false) }

  init(from reader: inout ConfigReader, decoupled: Bool) throws {
    learningRate = try reader.value("lr", default: 1e-3)
    (beta1, beta2) = try reader.betas()
    epsilon = try reader.value("eps", default: 1e-8)
    weightDecay = try reader.value("weight_decay", default: decoupled ? 1e-2 : 0)
    amsgrad = try reader.value("amsgrad", default: false)
    self.decoupled = decoupled
    try reader.ignoreImplementationChoices()
    try reader.check(validate)
  }
}

/// What a config's `AdamW` takes: the options of `Adam` with other defaults.
struct AdamWConfig: ConfigRecord {
  let options: Adam.Options

  init(from reader: inout ConfigReader) throws { options = try Adam.Options(from: &reader, decoupled: true) }
}
