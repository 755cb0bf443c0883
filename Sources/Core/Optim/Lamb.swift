import Foundation
import OrderedCollections
import TorchFile

/// Layer-wise adaptive moments (You et al., 2019, <https://arxiv.org/abs/1904.00962>) in the form with a clipped global
/// gradient norm.
///
/// Moments are Adam's, of gradients that are scaled down to a global norm of `maxGradientNorm`. The step of a parameter,
/// `m̂ / (√v̂ + ε) + weightDecay · p`, is scaled by the ratio of the parameter's norm to its own.
/// Mirrors `Lamb` of mmcls 0.25.
public final class Lamb: Optimizer {
  public struct Options: OptimizerOptions, Equatable {
    public var learningRate = 1e-3
    public var biasCorrection = true
    public var beta1 = 0.9, beta2 = 0.999
    public var epsilon = 1e-6
    public var weightDecay = 0.01
    /// Whether gradients enter the first moment with `1 - β1`, not with 1.
    public var gradientAveraging = true
    public var maxGradientNorm = 1.0
    /// Whether the ratio of norms is at most 1.
    public var trustClip = false
    /// Whether parameters without weight decay are scaled, too.
    public var alwaysAdapt = false

    public init() {}
  }

  public convenience init(_ parameters: [Parameter], _ options: Options) {
    self.init([ParameterGroup(parameters, options: options)])
  }

  public override var stepForm: StepForm { .group }

  /// The scale that, besides `scale`, brings the norm of all gradients down to the allowed one.
  public override func gradientFactor(scale: Float) -> Float {
    guard let options = groups.first?.options as? Options else { return scale }
    var sum = 0.0
    for gradient in groups.flatMap(\.parameters).compactMap(\.gradient) {
      sum += gradient.backend.sumOfSquares(gradient.detached())
    }
    let norm = Float(sum.squareRoot()) * abs(scale)
    let limit = Float(options.maxGradientNorm)
    return norm > limit ? scale / (norm / limit) : scale
  }

  public override func update(
    _ parameter: Tensor, gradient: Tensor, state: inout State, options: any OptimizerOptions
  ) {
    guard let options = options as? Options else { preconditionFailure("Lamb.update: options of Lamb") }
    let backend = parameter.backend
    let first = state.tensor("exp_avg", like: parameter)
    let second = state.tensor("exp_avg_sq", like: parameter)
    backend.scaleInPlace(first, by: Float(options.beta1))
    backend.addInPlace(first, gradient, scale: options.gradientAveraging ? Float(1 - options.beta1) : 1)
    backend.scaleInPlace(second, by: Float(options.beta2))
    backend.addInPlace(second, gradient.squared(), scale: Float(1 - options.beta2))

    let step = Double(state.step)
    let correction1 = options.biasCorrection ? 1 - pow(options.beta1, step) : 1
    let correction2 = options.biasCorrection ? 1 - pow(options.beta2, step) : 1
    let denominator = second.squareRoot() / Float(correction2.squareRoot()) + Float(options.epsilon)
    let change = first / Float(correction1) / denominator
    if options.weightDecay != 0 { backend.addInPlace(change, parameter, scale: Float(options.weightDecay)) }
    var ratio: Float = 1
    if options.weightDecay != 0 || options.alwaysAdapt {
      let weightNorm = Float(backend.sumOfSquares(parameter).squareRoot())
      let changeNorm = Float(backend.sumOfSquares(change).squareRoot())
      if weightNorm > 0, changeNorm > 0 { ratio = weightNorm / changeNorm }
      if options.trustClip { ratio = min(ratio, 1) }
    }
    if ratio != 1 { backend.scaleInPlace(change, by: ratio) }
    backend.addInPlace(parameter, change, scale: Float(-options.learningRate))
  }
}

extension Lamb.Options {
  public var scheduledMomentum: Double {
    get { beta1 }
    set { beta1 = newValue }
  }

  public var pickled: OrderedDictionary<String, PickleValue> {
    [
      "lr": .float(learningRate), "bias_correction": .bool(biasCorrection),
      "betas": .tuple([.float(beta1), .float(beta2)]), "eps": .float(epsilon),
      "weight_decay": .float(weightDecay),
      "grad_averaging": .bool(gradientAveraging), "max_grad_norm": .float(maxGradientNorm),
      "trust_clip": .bool(trustClip), "always_adapt": .bool(alwaysAdapt),
    ]
  }

  public mutating func update(from group: PickleDictionary) throws {
    try group.read("lr", into: &learningRate)
    try group.read("bias_correction", into: &biasCorrection)
    try group.readBetas(into: &beta1, &beta2)
    try group.read("eps", into: &epsilon)
    try group.read("weight_decay", into: &weightDecay)
    try group.read("grad_averaging", into: &gradientAveraging)
    try group.read("max_grad_norm", into: &maxGradientNorm)
    try group.read("trust_clip", into: &trustClip)
    try group.read("always_adapt", into: &alwaysAdapt)
  }

  public func makeOptimizer(_ groups: [ParameterGroup]) -> Optimizer { Lamb(groups) }
}

extension Lamb.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    learningRate = try reader.value("lr", default: learningRate)
    biasCorrection = try reader.value("bias_correction", default: biasCorrection)
    (beta1, beta2) = try reader.betas()
    epsilon = try reader.value("eps", default: epsilon)
    weightDecay = try reader.value("weight_decay", default: weightDecay)
    gradientAveraging = try reader.value("grad_averaging", default: gradientAveraging)
    maxGradientNorm = try reader.value("max_grad_norm", default: maxGradientNorm)
    trustClip = try reader.value("trust_clip", default: trustClip)
    alwaysAdapt = try reader.value("always_adapt", default: alwaysAdapt)
    if !(maxGradientNorm > 0) {
      throw reader.invalid("must be positive, found \(maxGradientNorm)", key: "max_grad_norm")
    }
  }
}
