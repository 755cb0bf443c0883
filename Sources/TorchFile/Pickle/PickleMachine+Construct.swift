/// What the calls in a pickle come to. Nothing is looked up or called: each known name has its case here.
extension PickleMachine {
  /// REDUCE: pushes the value that `function(*arguments)` stands for.
  mutating func construct(_ function: PickleItem, _ arguments: [PickleItem]) throws(TorchFileError) {
    guard case .global(let global) = function else { throw malformed("a name to call", describe(function)) }
    switch global.role {
    case .orderedDictionary, .defaultDictionary, .counter, .record: try pushDictionary(global, arguments)
    case .rebuildTensor, .rebuildTensorWithType: try pushTensor(global, arguments)
    case .rebuildParameter: try push(try tensor(arguments.first ?? .none))
    case .rebuildFromType:
      guard arguments.count == 4, case .global(let type) = arguments[1], type.role == .tensorClass,
        case .global(let inner) = arguments[0], inner.role != .rebuildFromType
      else { throw failure(.unsupported("a subclass of torch.Tensor")) }
      try construct(arguments[0], try tuple(arguments[2], "a tuple of arguments"))
    case .rebuildOnDevice:
      try expect(arguments, 4, global)
      guard case .global(let type) = arguments[1], case .dtype = type.role else {
        throw malformed("a dtype", describe(arguments[1]))
      }
      try push(try tensor(arguments[0]))
    case .size:
      try expect(arguments, 1, global)
      _ = try integers(arguments[0], "a torch.Size")
      try push(arguments[0])
    case .device:
      guard let type = arguments.first, arguments.count <= 2 else { throw malformed("a device", "no name") }
      let name = try text(type, "a device")
      try pushJoined(
        arguments.count == 1 ? [name] : [name, "\(try integer(arguments[1], "a device"))"], by: ":")
    case .numpyType: try pushNumpyType(arguments)
    case .numpyScalar: try pushNumpyScalar(arguments)
    case .numpyReconstruct:
      guard case .global(let type)? = arguments.first, type.role == .numpyArray else {
        throw failure(.unsupported("a subclass of numpy.ndarray"))
      }
      try push(node: .numpyArray(nil))
    case .numpyFromBuffer:
      try expect(arguments, 4, global)
      let order = try text(arguments[3], "an order")
      let array = try numpyArray(
        shape: arguments[2], type: arguments[1], isFortran: order == "F", data: arguments[0])
      try push(node: .numpyArray(array))
    case .encode: try pushBytes(arguments)
    case .getAttribute:
      guard arguments.count == 2, case .global(let owner) = arguments[0], case .record = owner.role else {
        throw failure(.refused(name: global.name))
      }
      let name = owner.name + "." + (try text(arguments[1], "an attribute"))
      try budget.chargeBytes(name.utf8.count, reader.place, at: instruction)
      try push(.global(PickleGlobal(name: name, role: .member)))
    case .newObject:
      guard let type = arguments.first else { throw malformed("a class", "nothing") }
      try create(type, [PickleItem](arguments.dropFirst()))
    case .reconstructor:
      try expect(arguments, 3, global)
      if case .none = arguments[2] {
        try create(arguments[0], [])
      } else {
        try create(arguments[0], [arguments[2]])
      }
    case .builtin: try pushBuiltin(global, arguments)
    case .path:
      var parts: [String] = []
      for argument in arguments { parts.append(try text(argument, "a path")) }
      let isAbsolute = parts.first == "/"
      try pushJoined(isAbsolute ? [""] + parts.dropFirst() : parts, by: "/")
    case .text:
      try expect(arguments, 1, global)
      try push(.string(try text(arguments[0], global.name)))
    case .storage, .dtype, .tensorClass, .numpyArray, .member:
      throw failure(.unsupported("a call of \(global.name)"))
    }
  }

  /// NEWOBJ: pushes an instance of a class before its state.
  mutating func create(_ type: PickleItem, _ arguments: [PickleItem]) throws(TorchFileError) {
    guard case .global(let global) = type else { throw malformed("a class", describe(type)) }
    switch global.role {
    case .orderedDictionary, .defaultDictionary, .counter, .record, .path, .text:
      try construct(type, arguments)
    default: throw failure(.unsupported("an instance of \(global.name)"))
    }
  }

  func expect(_ arguments: [PickleItem], _ count: Int, _ global: PickleGlobal) throws(TorchFileError) {
    if arguments.count != count {
      throw malformed("\(count) arguments of \(global.name)", "\(arguments.count)")
    }
  }

  private mutating func pushJoined(_ parts: [String], by separator: String) throws(TorchFileError) {
    try budget.chargeBytes(parts.reduce(parts.count) { $0 + $1.utf8.count }, reader.place, at: instruction)
    try push(.string(parts.joined(separator: separator)))
  }

  private mutating func pushDictionary(
    _ global: PickleGlobal, _ arguments: [PickleItem]
  ) throws(TorchFileError) {
    var dictionary: DictionaryNode
    switch global.role {
    case .orderedDictionary: dictionary = DictionaryNode(kind: .ordered)
    case .counter: dictionary = DictionaryNode(kind: .counter)
    case .defaultDictionary: dictionary = DictionaryNode(kind: .defaulting)
    case .record(let form): dictionary = DictionaryNode(kind: .record(global.name), form: form)
    default: return
    }
    if arguments.count > 1 { throw malformed("at most 1 argument of \(global.name)", "\(arguments.count)") }
    if let first = arguments.first, global.role != .defaultDictionary { dictionary.pairs = try pairs(first) }
    try push(node: .dictionary(dictionary))
  }

  /// The keys and values of a dictionary, or of a list of pairs, in turn.
  private func pairs(_ item: PickleItem) throws(TorchFileError) -> [PickleItem] {
    guard case .node(let index) = item else {
      throw malformed("a dictionary or list of pairs", describe(item))
    }
    switch nodes[index] {
    case .dictionary(let dictionary):
      try budget.chargeNodes(dictionary.pairs.count, reader.place, at: instruction)
      return dictionary.pairs
    case .list(let items), .tuple(let items):
      try budget.chargeNodes(2 * items.count, reader.place, at: instruction)
      var result: [PickleItem] = []
      for item in items {
        guard case .node(let index) = item else { throw malformed("a pair", describe(item)) }
        switch nodes[index] {
        case .list(let pair) where pair.count == 2, .tuple(let pair) where pair.count == 2: result += pair
        default: throw malformed("a pair", describe(item))
        }
      }
      return result
    default: throw malformed("a dictionary or list of pairs", describe(item))
    }
  }

  private mutating func pushBuiltin(_ global: PickleGlobal, _ arguments: [PickleItem]) throws(TorchFileError)
  {
    switch global.name.split(separator: ".").last {
    case "set", "frozenset":
      guard arguments.count <= 1 else { throw malformed("at most 1 argument", "\(arguments.count)") }
      guard let first = arguments.first else { return try push(node: .set([])) }
      guard case .node(let index) = first else { throw malformed("a list", describe(first)) }
      switch nodes[index] {
      case .list(let items), .tuple(let items), .set(let items): try push(node: .set(items))
      default: throw malformed("a list", describe(first))
      }
    case "bytearray", "bytes":
      switch arguments.first {
      case nil: try push(.bytes([]))
      case .bytes(let bytes)?: try push(.bytes(bytes))
      default: try pushBytes(arguments)
      }
    default: throw failure(.unsupported("a call of \(global.name)"))
    }
  }

  /// `_codecs.encode(text, "latin1")`, which is how protocol 2 spells bytes.
  private mutating func pushBytes(_ arguments: [PickleItem]) throws(TorchFileError) {
    guard arguments.count == 2, case .string(let text) = arguments[0], case .string(let codec) = arguments[1]
    else {
      throw malformed("text and a codec", arguments.map(describe).prefix(3).joined(separator: ", "))
    }
    guard ["latin1", "latin-1", "iso-8859-1"].contains(codec) else {
      throw failure(.unsupported("codec '\(codec.prefix(80))'"))
    }
    try budget.chargeBytes(text.utf8.count, reader.place, at: instruction)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else {
        throw malformed("text in Latin-1", "code point \(scalar.value)")
      }
      bytes.append(byte)
    }
    try push(.bytes(bytes))
  }
}
