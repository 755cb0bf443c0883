/// The states that objects are given after they are made.
extension PickleMachine {
  /// BUILD: gives the value on top of the stack its state.
  mutating func build(_ target: PickleItem, _ state: PickleItem) throws(TorchFileError) {
    guard case .node(let index) = target else {
      throw malformed("a value that takes a state", describe(target))
    }
    switch nodes[index] {
    case .dictionary(let dictionary): try build(dictionary: dictionary, at: index, state)
    case .numpyType(let type): try build(numpyType: type, at: index, state)
    case .numpyArray(nil):
      var fields = try tuple(state, "a tuple with an array's content")
      if fields.count == 5 { fields.removeFirst() }  // a version number
      guard fields.count == 4 else { throw malformed("4 or 5 fields of an array", "\(fields.count)") }
      nodes[index] = .numpyArray(
        try numpyArray(
          shape: fields[0], type: fields[1], isFortran: try integer(fields[2], "an order") != 0,
          data: fields[3]))
    case .hole, .tuple, .list, .set, .storage, .tensor, .numpyArray:
      throw malformed("a value that takes a state", describe(target))
    }
  }

  private mutating func build(
    dictionary original: DictionaryNode, at index: Int, _ state: PickleItem
  ) throws(TorchFileError) {
    if case .none = state { return }
    // A dictionary may be its own state: addict's classes are.
    if case .node(let other) = state, other == index { return }
    var dictionary = original
    switch dictionary.form {
    case nil, .entriesAndAttributes:
      if dictionary.kind == .plain { throw malformed("a value that takes a state", "a plain dictionary") }
      _ = try content(state)
      dictionary.attributes = state
    case .entries: try add(try content(state), to: &dictionary)
    case .fields:
      // With `__slots__` there are two dictionaries, either of which may be None.
      if case .node(let other) = state, case .tuple(let parts) = nodes[other] {
        for part in parts {
          if case .none = part { continue }
          try add(try content(part), to: &dictionary)
        }
      } else {
        try add(try content(state), to: &dictionary)
      }
    case .configuration:
      let names = [
        "_cfg_dict", "_filename", "_text", "_env_variables", "_format_python_code", "_imported_names",
      ]
      let parts = try tuple(state, "a tuple with a configuration's fields")
      if parts.count > names.count { throw malformed("at most \(names.count) fields", "\(parts.count)") }
      for (name, part) in zip(names, parts) { try add([.string(name), part], to: &dictionary) }
    }
    nodes[index] = .dictionary(dictionary)
  }

  private func content(_ state: PickleItem) throws(TorchFileError) -> [PickleItem] {
    if case .node(let index) = state, case .dictionary(let dictionary) = nodes[index] {
      return dictionary.pairs
    }
    throw malformed("a dictionary for a state", describe(state))
  }

  private func add(_ pairs: [PickleItem], to dictionary: inout DictionaryNode) throws(TorchFileError) {
    // The node still holds the old entries, so these are copied too.
    try budget.chargeNodes(pairs.count + dictionary.pairs.count, reader.place, at: instruction)
    dictionary.pairs.append(contentsOf: pairs)
  }
}
