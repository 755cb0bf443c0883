extension PickleMachine {
  /// Runs the pickle at the reader's position up to and including its STOP.
  mutating func run() throws(TorchFileError) -> PickleItem {
    stack.removeAll()
    marks.removeAll()
    while true {
      instruction = reader.base + reader.position
      let code = try reader.integer(UInt8.self)
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw malformed("a pickle instruction", "byte \(code)")
      }
      if opcode == .stop {
        let result = try pop()
        if !stack.isEmpty { throw malformed("an empty stack at the end", "\(stack.count) values more") }
        return result
      }
      try execute(opcode)
    }
  }

  private mutating func execute(_ opcode: PickleOpcode) throws(TorchFileError) {
    switch opcode {
    case .stop: break
    case .proto:
      let version = try reader.integer(UInt8.self)
      if version > 5 { throw failure(.unsupported("pickle protocol \(version)")) }
    case .frame: _ = try reader.integer(UInt64.self)

    case .mark:
      try budget.chargeNodes(1, reader.place, at: instruction)
      marks.append(stack.count)
    case .pop:
      if stack.count == marks.last { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popMark()
    case .dup: try push(try top())

    case .none: try push(.none)
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))
    case .int: try pushDecimal(try line())
    case .binInt: try push(.int(Int(try reader.integer(Int32.self))))
    case .binInt1: try push(.int(Int(try reader.integer(UInt8.self))))
    case .binInt2: try push(.int(Int(try reader.integer(UInt16.self))))
    case .long:
      var digits = try line()
      if digits.last == UInt8(ascii: "L") { digits.removeLast() }
      try pushDecimal(digits)
    case .long1: try pushInteger(Int(try reader.integer(UInt8.self)))
    case .long4:
      let count = try reader.integer(Int32.self)
      try pushInteger(try length(Int(count)))
    case .float:
      let digits = try line()
      guard let value = Double(String(decoding: digits, as: UTF8.self)) else {
        throw malformed("a number", "\(digits.count) other bytes")
      }
      try push(.float(value))
    case .binFloat:
      let bits = try reader.integer(UInt64.self)
      try push(.float(Double(bitPattern: bits.byteSwapped)))

    case .unicode:
      let escaped = try line()
      try pushText(unescaped(escaped, unicode: true)[...])
    case .binUnicode: try pushText(try reader.take(Int(try reader.integer(UInt32.self))))
    case .shortBinUnicode: try pushText(try reader.take(Int(try reader.integer(UInt8.self))))
    case .binUnicode8: try pushText(try reader.take(try reader.size64()))
    case .string:
      let escaped = try line()
      try pushOldString(try quoted(escaped))
    case .binString:
      let count = try reader.integer(Int32.self)
      try pushOldString([UInt8](try reader.take(try length(Int(count)))))
    case .shortBinString: try pushOldString([UInt8](try reader.take(Int(try reader.integer(UInt8.self)))))
    case .binBytes: try push(.bytes([UInt8](try reader.take(Int(try reader.integer(UInt32.self))))))
    case .shortBinBytes: try push(.bytes([UInt8](try reader.take(Int(try reader.integer(UInt8.self))))))
    case .binBytes8, .byteArray8: try push(.bytes([UInt8](try reader.take(try reader.size64()))))

    case .emptyTuple: try push(node: .tuple([]))
    case .tuple: try push(node: .tuple(try popMark()))
    case .tuple1: try push(node: .tuple([try pop()]))
    case .tuple2:
      let second = try pop()
      try push(node: .tuple([try pop(), second]))
    case .tuple3:
      let (third, second) = (try pop(), try pop())
      try push(node: .tuple([try pop(), second, third]))
    case .emptyList: try push(node: .list([]))
    case .list: try push(node: .list(try popMark()))
    case .append: try append([try pop()])
    case .appends: try append(try popMark())
    case .emptySet: try push(node: .set([]))
    case .frozenSet: try push(node: .set(try popMark()))
    case .addItems: try addItems(try popMark())
    case .emptyDict: try push(node: .dictionary(DictionaryNode(kind: .plain)))
    case .dict:
      let items = try popMark()
      try push(node: .dictionary(DictionaryNode(kind: .plain)))
      try setItems(items)
    case .setItem:
      let value = try pop()
      try setItems([try pop(), value])
    case .setItems: try setItems(try popMark())

    case .put: try remember(try lineNumber())
    case .binPut: try remember(Int(try reader.integer(UInt8.self)))
    case .longBinPut: try remember(Int(try reader.integer(UInt32.self)))
    case .memoize: try remember(memo.count)
    case .get: try recall(try lineNumber())
    case .binGet: try recall(Int(try reader.integer(UInt8.self)))
    case .longBinGet: try recall(Int(try reader.integer(UInt32.self)))

    case .global:
      let module = try asciiLine()
      try pushGlobal(module, try asciiLine())
    case .stackGlobal:
      let (name, module) = (try pop(), try pop())
      try pushGlobal(try text(module, "a module"), try text(name, "a class"))
    case .reduce:
      let arguments = try pop()
      try construct(try pop(), try tuple(arguments, "a tuple of arguments"))
    case .newObj:
      let arguments = try pop()
      try create(try pop(), try tuple(arguments, "a tuple of arguments"))
    case .newObjEx:
      let keywords = try pop()
      guard case .node(let index) = keywords, case .dictionary(let dictionary) = nodes[index],
        dictionary.pairs.isEmpty
      else { throw failure(.unsupported("an object made with keyword arguments")) }
      let arguments = try pop()
      try create(try pop(), try tuple(arguments, "a tuple of arguments"))
    case .inst:
      let module = try asciiLine()
      let name = try asciiLine()
      let arguments = try popMark()
      try pushGlobal(module, name)
      try construct(try pop(), arguments)
    case .obj:
      var items = try popMark()
      guard !items.isEmpty else { throw malformed("a class behind the mark", "nothing") }
      try construct(items.removeFirst(), items)
    case .build:
      let state = try pop()
      try build(try top(), state)
    case .binPersId: try pushStorage(try pop())

    case .persId, .ext1, .ext2, .ext4, .nextBuffer, .readOnlyBuffer:
      throw failure(.unsupported("pickle instruction \(opcode)"))
    }
  }

  // MARK: Containers

  private mutating func append(_ items: [PickleItem]) throws(TorchFileError) {
    let target = try top()
    guard case .node(let index) = target, case .list(var list) = nodes[index] else {
      throw malformed("a list to append to", describe(target))
    }
    nodes[index] = .hole
    list.append(contentsOf: items)
    nodes[index] = .list(list)
  }

  private mutating func addItems(_ items: [PickleItem]) throws(TorchFileError) {
    let target = try top()
    guard case .node(let index) = target, case .set(var set) = nodes[index] else {
      throw malformed("a set to add to", describe(target))
    }
    nodes[index] = .hole
    set.append(contentsOf: items)
    nodes[index] = .set(set)
  }

  private mutating func setItems(_ items: [PickleItem]) throws(TorchFileError) {
    let target = try top()
    guard case .node(let index) = target, case .dictionary(var dictionary) = nodes[index] else {
      throw malformed("a dictionary to fill", describe(target))
    }
    if items.count % 2 != 0 { throw malformed("a value for each key", "\(items.count) items") }
    nodes[index] = .hole
    dictionary.pairs.append(contentsOf: items)
    nodes[index] = .dictionary(dictionary)
  }

  // MARK: Memory

  private mutating func remember(_ index: Int) throws(TorchFileError) {
    if index < 0 { throw malformed("a memory index of at least 0", "\(index)") }
    try budget.chargeNodes(1, reader.place, at: instruction)
    memo[index] = try top()
  }

  private mutating func recall(_ index: Int) throws(TorchFileError) {
    guard let item = memo[index] else { throw malformed("a value in memory under \(index)", "none") }
    try push(item)
  }

  private mutating func pushGlobal(_ module: String, _ name: String) throws(TorchFileError) {
    if let global = PickleGlobal(module: module, name: name) { return try push(.global(global)) }
    // Storages and dtypes of PyTorch are harmless, but there is no element type for these.
    let isElementType = name.hasSuffix("Storage") || Self.foreignTypes.contains(name)
    if isElementType && (module == "torch" || module == "torch.cuda") {
      throw failure(.unsupported("\(module).\(name)"))
    }
    throw failure(.refused(name: "\(module).\(name)"))
  }

  private static let foreignTypes: Set<String> = [
    "complex32", "complex64", "complex128", "qint8", "quint8", "qint32", "quint4x2", "quint2x4", "uint16",
    "uint32",
    "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "cfloat", "cdouble",
  ]
}
