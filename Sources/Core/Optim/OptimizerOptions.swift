import OrderedCollections
import TorchFile

/// The numbers that an update rule works with; each parameter group has its own.
///
/// Names and values are PyTorch's, so that they can be written to and read from its optimizer states.
public protocol OptimizerOptions: Sendable {
  var learningRate: Double { get set }
  var weightDecay: Double { get set }
  /// What momentum schedules move: the momentum of SGD and RMSprop, `beta1` of the Adam family.
  var scheduledMomentum: Double { get set }

  /// All options under PyTorch's names, in PyTorch's order.
  var pickled: OrderedDictionary<String, PickleValue> { get }
  /// Takes over those options that a saved parameter group has; checks them as `init` does.
  mutating func update(from group: PickleDictionary) throws

  /// An optimizer that applies this rule to `groups`.
  func makeOptimizer(_ groups: [ParameterGroup]) -> Optimizer
}

/// Parameters that share options.
public struct ParameterGroup {
  public var parameters: [Parameter]
  public var options: any OptimizerOptions
  /// The learning rate that schedules start from; set by the first schedule that runs.
  public var initialLearningRate: Double?
  /// The momentum that schedules start from; set by the first schedule that runs.
  public var initialMomentum: Double?
  /// What else a saved group carries (`lr_scale`, `group_name`, `base_momentum`); kept and written again.
  public var extra: OrderedDictionary<String, PickleValue> = [:]

  public init(_ parameters: [Parameter], options: any OptimizerOptions) {
    (self.parameters, self.options) = (parameters, options)
  }

  public var learningRate: Double {
    get { options.learningRate }
    set { options.learningRate = newValue }
  }
  public var weightDecay: Double {
    get { options.weightDecay }
    set { options.weightDecay = newValue }
  }
  public var momentum: Double {
    get { options.scheduledMomentum }
    set { options.scheduledMomentum = newValue }
  }
}

/// Checks of options, with the house's error text.
func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
  if !condition { throw InvalidConfig(text()) }
}
