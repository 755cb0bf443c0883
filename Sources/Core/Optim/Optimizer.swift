import OrderedCollections
import TorchFile

/// Updates parameters from their gradients.
///
/// Subclasses implement `update`; this class keeps groups and state. Update formulas, their order of rounding and the
/// layout of the saved state are PyTorch's.
open class Optimizer {
  /// What an optimizer remembers of one parameter: PyTorch's names, tensors laid out as the parameter is.
  public struct State {
    public var step = 0
    public var tensors: OrderedDictionary<String, Tensor> = [:]
  }

  public internal(set) var groups: [ParameterGroup]
  private(set) var states: [ObjectIdentifier: State] = [:]

  /// - Precondition: no parameter appears twice.
  public init(_ groups: [ParameterGroup]) {
    var seen = Set<ObjectIdentifier>()
    for parameter in groups.flatMap(\.parameters) {
      precondition(
        seen.insert(ObjectIdentifier(parameter)).inserted,
        "Optimizer: a parameter of shape \(parameter.shape) appears in more than one place")
    }
    self.groups = groups
  }

  /// Name of the update rule, as configs have it.
  open var name: String { "\(type(of: self))" }
  /// How the count of steps is saved: PyTorch keeps it as a tensor, as a number, or not at all.
  open var stepForm: StepForm { .none }

  public enum StepForm {
    case none
    case number
    case tensor
    /// One number a group, beside its options.
    case group
  }

  /// One step of one parameter.
  ///
  /// - Parameters:
  ///   - gradient: with the shape of the parameter, in any layout.
  ///   - state: what earlier steps left; `step` counts this one already.
  open func update(
    _ parameter: Tensor, gradient: Tensor, state: inout State, options: any OptimizerOptions
  ) {
    preconditionFailure("\(name).update: must be implemented by the optimizer")
  }

  /// Work on all gradients before any parameter is updated; returns a factor for them.
  open func gradientFactor(scale: Float) -> Float { scale }

  /// Updates all parameters that have a gradient.
  ///
  /// - Parameter gradientScale: a factor for the gradients (clipping, averaging); they themselves stay as they are.
  public func step(gradientScale: Float = 1) {
    withoutGradient {
      let scale = gradientFactor(scale: gradientScale)
      for group in groups {
        for parameter in group.parameters {
          guard let gradient = parameter.gradient, parameter.requiresGradient else { continue }
          let scaled = scale == 1 ? gradient.detached() : gradient.detached().scaled(by: scale)
          let key = ObjectIdentifier(parameter)
          var state = states.removeValue(forKey: key) ?? State()
          state.step += 1
          update(parameter.value.detached(), gradient: scaled, state: &state, options: group.options)
          states[key] = state
        }
      }
    }
  }

  /// Forgets the gradients of all parameters.
  public func zeroGradient() {
    for parameter in groups.flatMap(\.parameters) { parameter.gradient = nil }
  }

  /// Learning rates of all groups.
  public var learningRates: [Double] { groups.map(\.learningRate) }
  /// Momenta (`beta1` for the Adam family) of all groups.
  public var momenta: [Double] { groups.map(\.momentum) }

  /// Changes groups in place, as schedules do.
  public func forEachGroup(_ body: (Int, inout ParameterGroup) throws -> Void) rethrows {
    for index in groups.indices { try body(index, &groups[index]) }
  }

  /// What is remembered of `parameter`.
  public func state(of parameter: Parameter) -> State? { states[ObjectIdentifier(parameter)] }

  func replaceStates(_ new: [ObjectIdentifier: State]) { states = new }
}

extension Optimizer.State {
  /// A tensor of the state; made of zeros, in the layout of `parameter`, when it is not there.
  mutating func tensor(_ name: String, like parameter: Tensor) -> Tensor {
    if let known = tensors[name] { return known }
    let fresh = Tensor.zeros(like: parameter)
    tensors[name] = fresh
    return fresh
  }
}
