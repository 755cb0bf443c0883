import OrderedCollections
import TorchFile

/// Why a saved optimizer state does not fit.
public struct OptimizerStateError: Error, CustomStringConvertible, Equatable {
  public var text: String
  public init(_ text: String) { self.text = text }
  public var description: String { "optimizer state: \(text)" }
}

extension Optimizer {
  /// The state in the layout of PyTorch's `state_dict()`: `state` by a parameter's number, counted over all groups, and
  /// `param_groups` with the options and the numbers of their parameters.
  public var stateDict: PickleValue {
    var state = PickleDictionary()
    var savedGroups: [PickleValue] = []
    var number = 0
    for group in groups {
      var numbers: [PickleValue] = []
      var steps = 0
      for parameter in group.parameters {
        if let known = self.state(of: parameter) {
          state[.int(number)] = .dictionary(pickled(known))
          steps = max(steps, known.step)
        }
        numbers.append(.int(number))
        number += 1
      }
      var saved = PickleDictionary()
      for (key, value) in group.options.pickled { saved[key] = value }
      for (key, value) in group.extra { saved[key] = value }
      if stepForm == .group, steps > 0 { saved["step"] = .int(steps) }
      if let rate = group.initialLearningRate { saved["initial_lr"] = .float(rate) }
      if let momentum = group.initialMomentum { saved["initial_momentum"] = .float(momentum) }
      saved["params"] = .list(numbers)
      savedGroups.append(.dictionary(saved))
    }
    return .dictionary(["state": .dictionary(state), "param_groups": .list(savedGroups)])
  }

  private func pickled(_ state: State) -> PickleDictionary {
    var result = PickleDictionary()
    switch stepForm {
    case .none, .group: break
    case .number: result["step"] = .int(state.step)
    case .tensor: result["step"] = .tensor(StoredTensor(Float(state.step)))
    }
    for (name, tensor) in state.tensors { result[name] = .tensor(StoredTensor(tensor)) }
    return result
  }

  /// Takes over a state that this program or PyTorch saved for the same parameters in the same groups.
  ///
  /// Nothing changes if an error is thrown.
  /// - Throws: `OptimizerStateError` when groups, counts or shapes do not fit.
  public func load(_ stateDict: PickleValue) throws {
    guard let savedGroups = stateDict["param_groups"]?.elements else {
      throw OptimizerStateError(
        "a dictionary with a list 'param_groups' is expected, found \(stateDict.summary)")
    }
    guard savedGroups.count == groups.count else {
      throw OptimizerStateError("\(groups.count) parameter groups are expected, found \(savedGroups.count)")
    }
    var newGroups = groups
    var newStates: [ObjectIdentifier: State] = [:]
    let states = stateDict["state"]?.dictionary ?? PickleDictionary()
    for (index, saved) in savedGroups.enumerated() {
      guard let saved = saved.dictionary, let numbers = saved["params"]?.elements else {
        throw OptimizerStateError("group \(index) must be a dictionary with a list 'params'")
      }
      let parameters = groups[index].parameters
      guard numbers.count == parameters.count else {
        throw OptimizerStateError("group \(index) has \(parameters.count) parameters, found \(numbers.count)")
      }
      try update(&newGroups[index], from: saved, index: index)
      for (number, parameter) in zip(numbers, parameters) {
        guard let key = number.int else {
          throw OptimizerStateError("'params' of group \(index) must be numbers, found \(number.summary)")
        }
        guard let entry = states[.int(key)]?.dictionary else { continue }
        var state = try self.state(entry, number: key, for: parameter)
        if stepForm == .group { state.step = saved["step"]?.int ?? 0 }
        newStates[ObjectIdentifier(parameter)] = state
      }
    }
    groups = newGroups
    replaceStates(newStates)
  }

  private func update(_ group: inout ParameterGroup, from saved: PickleDictionary, index: Int) throws {
    do {
      try group.options.update(from: saved)
    } catch let error as InvalidConfig {
      throw OptimizerStateError("group \(index): \(error.text)")
    }
    var rate = 0.0, momentum = 0.0
    if saved["initial_lr"] != nil {
      try saved.read("initial_lr", into: &rate)
      group.initialLearningRate = rate
    }
    if saved["initial_momentum"] != nil {
      try saved.read("initial_momentum", into: &momentum)
      group.initialMomentum = momentum
    }
    let known = Set(group.options.pickled.keys).union([
      "params", "initial_lr", "initial_momentum", "step", "differentiable", "fused", "maximize", "foreach",
      "capturable",
    ])
    for (key, value) in saved.entries {
      if let key = key.string, !known.contains(key) { group.extra[key] = value }
    }
  }

  private func state(_ entry: PickleDictionary, number: Int, for parameter: Parameter) throws -> State {
    var state = State()
    for (key, value) in entry.entries {
      guard let name = key.string else { continue }
      if name == "step" {
        let step = value.double ?? value.tensor.flatMap { $0.count == 1 ? $0.asFloat64()[0] : nil }
        guard let step, step >= 0, step < 1e15, step == step.rounded() else {
          throw OptimizerStateError(
            "'step' of parameter \(number) must be a whole number, found \(value.summary)")
        }
        state.step = Int(step)
      } else if let stored = value.tensor {
        guard stored.shape == parameter.shape else {
          throw OptimizerStateError(
            "'\(name)' of parameter \(number) must have shape \(parameter.shape), found \(stored.shape)")
        }
        let tensor = Tensor.zeros(like: parameter.value.detached())
        tensor.assignInPlace(Tensor(stored.asFloat32(), shape: stored.shape))
        state.tensors[name] = tensor
      }
    }
    return state
  }
}
