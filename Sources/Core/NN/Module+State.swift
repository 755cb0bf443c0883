import OrderedCollections

extension Module {
  /// Calls `visit` for this module and all below it, parents first, with dotted keys (`backbone.layer1.0`).
  public func forEachModule(prefix: String = "", _ visit: (_ key: String, _ module: Module) throws -> Void)
    rethrows
  {
    try visitAll(prefix, depth: 0, visit)
  }

  private func visitAll(
    _ prefix: String, depth: Int, _ visit: (_ key: String, _ module: Module) throws -> Void
  ) rethrows {
    precondition(depth < 64, "\(type(of: self)): modules must not contain each other, found \(prefix)")
    try visit(prefix, self)
    for (key, child) in members.children {
      try child.visitAll(prefix.isEmpty ? key : "\(prefix).\(key)", depth: depth + 1, visit)
    }
  }

  /// All modules with their dotted keys, parents first.
  public var namedModules: [(key: String, module: Module)] {
    var result: [(key: String, module: Module)] = []
    forEachModule { result.append(($0, $1)) }
    return result
  }

  /// Parameters with their dotted keys, in PyTorch's order; a shared parameter is listed once, as there.
  public var namedParameters: [(key: String, parameter: Parameter)] {
    var result: [(key: String, parameter: Parameter)] = []
    var seen = Set<ObjectIdentifier>()
    forEachModule { prefix, module in
      for (key, parameter) in module.members.parameters
      where seen.insert(ObjectIdentifier(parameter)).inserted {
        result.append((prefix.isEmpty ? key : "\(prefix).\(key)", parameter))
      }
    }
    return result
  }

  public var parameters: [Parameter] { namedParameters.map(\.parameter) }

  /// Buffers with their dotted keys, also those that are not part of the state dict; a shared one is listed once.
  public var namedBuffers: [(key: String, buffer: Buffer)] {
    var result: [(key: String, buffer: Buffer)] = []
    var seen = Set<ObjectIdentifier>()
    forEachModule { prefix, module in
      for (key, buffer) in module.members.buffers where seen.insert(ObjectIdentifier(buffer)).inserted {
        result.append((prefix.isEmpty ? key : "\(prefix).\(key)", buffer))
      }
    }
    return result
  }

  /// One entry of a state dict: a parameter or a buffer.
  public enum StateEntry {
    case parameter(Parameter)
    case buffer(Buffer)

    public var value: Tensor {
      switch self {
      case .parameter(let parameter): parameter.value
      case .buffer(let buffer): buffer.value
      }
    }

    public func assign(_ value: Tensor) {
      switch self {
      case .parameter(let parameter): parameter.assign(value)
      case .buffer(let buffer): buffer.assign(value)
      }
    }
  }

  /// Parameters and persistent buffers under the keys, and in the order, of PyTorch's `state_dict()`: each module's own
  /// parameters, its own buffers, then its children. Shared parts appear under each of their keys.
  public var state: OrderedDictionary<String, StateEntry> {
    var result: OrderedDictionary<String, StateEntry> = [:]
    forEachModule { prefix, module in
      let lead = prefix.isEmpty ? "" : prefix + "."
      for (key, parameter) in module.members.parameters { result[lead + key] = .parameter(parameter) }
      for (key, buffer) in module.members.buffers where buffer.isPersistent {
        result[lead + key] = .buffer(buffer)
      }
    }
    return result
  }

  /// The values of `state`, outside any graph. They share memory with the model: clone what must outlive a step.
  public var stateDict: OrderedDictionary<String, Tensor> { state.mapValues { $0.value.detached() } }

  /// Whether gradients are wanted for the parameters of this module and all below it.
  public func setRequiresGradient(_ requiresGradient: Bool) {
    for parameter in parameters { parameter.requiresGradient = requiresGradient }
  }

  /// Forgets all gradients.
  public func clearGradients() {
    for parameter in parameters { parameter.gradient = nil }
  }

  /// Number of trainable values and of all values in parameters.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }
}
