import OrderedCollections

/// Writes a value as a pickle of protocol 2 in the way `torch.save` does, tensors as references to numbered storages.
struct PickleWriter {
  private(set) var bytes: [UInt8] = []
  /// The storages in the order of their keys 0, 1, ...
  private(set) var storages: [StoredTensor] = []
  private let path: String
  private var memo: [String: Int] = [:]

  private static let maximumDepth = 200
  /// Python's own batches of items.
  private static let batch = 1000

  init(_ value: PickleValue, path: String) throws(TorchFileError) {
    self.path = path
    put(.proto)
    bytes.append(2)
    try write(value, depth: 0)
    put(.stop)
  }

  private mutating func put(_ opcode: PickleOpcode) { bytes.append(opcode.rawValue) }

  private func unwritable(_ what: String) -> TorchFileError {
    TorchFileError(path: path, reason: .unwritable(what))
  }

  private mutating func write(_ value: PickleValue, depth: Int) throws(TorchFileError) {
    if depth > Self.maximumDepth {
      throw unwritable("a value of more than \(Self.maximumDepth) nested containers")
    }
    switch value {
    case .none: put(.none)
    case .bool(let value): put(value ? .newTrue : .newFalse)
    case .int(let value): write(value)
    case .bigInteger(let value):
      if value.count > 255 { throw unwritable("an integer of \(value.count) bytes") }
      put(.long1)
      bytes.append(UInt8(value.count))
      bytes += value
    case .float(let value): write(value)
    case .string(let value): try write(value)
    case .bytes(let value):
      write(global: "_codecs", "encode")
      try write(String(String.UnicodeScalarView(value.map { Unicode.Scalar($0) })))
      try write("latin1")
      put(.tuple2)
      put(.reduce)
    case .tensor(let tensor): try write(tensor)
    case .tuple(let values): try write(tuple: values, depth)
    case .list(let values): try write(list: values, depth)
    case .set(let values):
      write(global: "__builtin__", "set")
      try write(list: values, depth)
      put(.tuple1)
      put(.reduce)
    case .dictionary(let dictionary): try write(dictionary, depth)
    case .symbol(let name):
      guard name.hasPrefix("torch."),
        case .dtype? = PickleGlobal(module: "torch", name: String(name.dropFirst(6)))?.role
      else { throw unwritable("a reference to \(name)") }
      write(global: "torch", String(name.dropFirst(6)))
    }
  }

  // MARK: Plain values

  private mutating func write(_ value: Int) {
    if let byte = UInt8(exactly: value) {
      put(.binInt1)
      bytes.append(byte)
    } else if let short = UInt16(exactly: value) {
      put(.binInt2)
      bytes.append(little: short)
    } else if let narrow = Int32(exactly: value) {
      put(.binInt)
      bytes.append(little: narrow)
    } else {
      put(.long1)
      bytes.append(8)
      bytes.append(little: Int64(value))
    }
  }

  private mutating func write(_ value: Double) {
    put(.binFloat)
    bytes.append(little: value.bitPattern.byteSwapped)
  }

  private mutating func write(_ text: String) throws(TorchFileError) {
    // Short texts recur: keys of parameter groups, devices.
    if recall("s" + text) { return }
    let content = [UInt8](text.utf8)
    guard let count = UInt32(exactly: content.count) else {
      throw unwritable("a string of \(content.count) bytes")
    }
    put(.binUnicode)
    bytes.append(little: count)
    bytes += content
    if content.count <= 64 { remember("s" + text) }
  }

  private mutating func write(global module: String, _ name: String) {
    let key = "g\(module) \(name)"
    if recall(key) { return }
    put(.global)
    bytes += Array("\(module)\n\(name)\n".utf8)
    remember(key)
  }

  private mutating func remember(_ key: String) {
    let index = memo.count
    memo[key] = index
    if let byte = UInt8(exactly: index) {
      put(.binPut)
      bytes.append(byte)
    } else {
      put(.longBinPut)
      bytes.append(little: UInt32(index))
    }
  }

  private mutating func recall(_ key: String) -> Bool {
    guard let index = memo[key] else { return false }
    if let byte = UInt8(exactly: index) {
      put(.binGet)
      bytes.append(byte)
    } else {
      put(.longBinGet)
      bytes.append(little: UInt32(index))
    }
    return true
  }

  // MARK: Containers

  private mutating func write(tuple values: [PickleValue], _ depth: Int) throws(TorchFileError) {
    if values.isEmpty { return put(.emptyTuple) }
    if values.count > 3 { put(.mark) }
    for value in values { try write(value, depth: depth + 1) }
    switch values.count {
    case 1: put(.tuple1)
    case 2: put(.tuple2)
    case 3: put(.tuple3)
    default: put(.tuple)
    }
  }

  private mutating func write(list values: [PickleValue], _ depth: Int) throws(TorchFileError) {
    put(.emptyList)
    for start in stride(from: 0, to: values.count, by: Self.batch) {
      put(.mark)
      for value in values[start...].prefix(Self.batch) { try write(value, depth: depth + 1) }
      put(.appends)
    }
  }

  private mutating func write(_ dictionary: PickleDictionary, _ depth: Int) throws(TorchFileError) {
    switch dictionary.kind {
    case .ordered:
      write(global: "collections", "OrderedDict")
      put(.emptyTuple)
      put(.reduce)
      try write(entries: dictionary, depth)
      if !dictionary.attributes.isEmpty {
        var attributes = PickleDictionary()
        for (name, value) in dictionary.attributes { attributes[name] = value }
        put(.emptyDict)
        try write(entries: attributes, depth)
        put(.build)
      }
    case .counter:
      write(global: "collections", "Counter")
      put(.emptyDict)
      try write(entries: dictionary, depth)
      put(.tuple1)
      put(.reduce)
    case .plain, .defaulting, .record:
      put(.emptyDict)
      try write(entries: dictionary, depth)
    }
  }

  private mutating func write(entries dictionary: PickleDictionary, _ depth: Int) throws(TorchFileError) {
    let entries = dictionary.entries
    for start in stride(from: 0, to: entries.count, by: Self.batch) {
      put(.mark)
      for index in start..<min(start + Self.batch, entries.count) {
        let entry = entries.elements[index]
        try write(PickleValue(entry.key), depth: depth + 1)
        try write(entry.value, depth: depth + 1)
      }
      put(.setItems)
    }
  }

  // MARK: Tensors

  private mutating func write(_ tensor: StoredTensor) throws(TorchFileError) {
    write(global: "torch._utils", "_rebuild_tensor_v2")
    put(.mark)
    put(.mark)
    try write("storage")
    write(global: "torch", tensor.scalarType.storageName)
    try write("\(storages.count)")
    try write("cpu")
    write(tensor.count)
    put(.tuple)
    put(.binPersId)
    write(0)
    var strides = tensor.shape
    var step = 1
    for axis in tensor.shape.indices.reversed() {
      strides[axis] = step
      step *= max(tensor.shape[axis], 1)
    }
    try write(tuple: tensor.shape.map { .int($0) }, 0)
    try write(tuple: strides.map { .int($0) }, 0)
    put(.newFalse)
    write(global: "collections", "OrderedDict")
    put(.emptyTuple)
    put(.reduce)
    put(.tuple)
    put(.reduce)
    storages.append(tensor)
  }
}
