/// Arrays and scalars of numpy.
extension PickleMachine {
  mutating func pushNumpyType(_ arguments: [PickleItem]) throws(TorchFileError) {
    let code = try text(arguments.first ?? .none, "a numpy type")
    guard let type = NumpyType(code: code) else {
      throw failure(.unsupported("numpy type '\(code.prefix(80))'"))
    }
    try push(node: .numpyType(type))
  }

  /// The state is `(version, order, subtype, names, fields, size, alignment, flags)`.
  mutating func build(numpyType type: NumpyType, at index: Int, _ state: PickleItem) throws(TorchFileError) {
    let fields = try tuple(state, "a tuple with a numpy type's state")
    guard fields.count >= 5 else { throw malformed("at least 5 fields of a numpy type", "\(fields.count)") }
    for field in fields[2..<5] {
      guard case .none = field else { throw failure(.unsupported("a structured numpy type")) }
    }
    let order = try text(fields[1], "a byte order")
    guard ["<", ">", "|", "="].contains(order) else {
      throw malformed("a byte order", "'\(order.prefix(80))'")
    }
    var type = type
    type.isBigEndian = order == ">"
    nodes[index] = .numpyType(type)
  }

  mutating func pushNumpyScalar(_ arguments: [PickleItem]) throws(TorchFileError) {
    guard arguments.count == 2 else { throw malformed("a type and bytes", "\(arguments.count) arguments") }
    let bytes = try rawBytes(arguments[1])
    guard let scalar = try numpyType(arguments[0]).scalar(bytes) else {
      throw malformed("the bytes of one element", "\(bytes.count) bytes")
    }
    try budget.chargeBytes(bytes.count, reader.place, at: instruction)
    try push(scalar)
  }

  func numpyArray(
    shape: PickleItem, type: PickleItem, isFortran: Bool, data: PickleItem
  ) throws(TorchFileError) -> NumpyArray {
    let shape = try integers(shape, "an array's shape")
    let type = try numpyType(type)
    if type.scalarType == nil { throw failure(.unsupported("a numpy array of text")) }
    let bytes = try rawBytes(data)
    guard TensorLayout.byteCount(shape: shape, size: type.size) == bytes.count else {
      throw malformed("an array's bytes for shape \(shape)", "\(bytes.count)")
    }
    return NumpyArray(type: type, shape: shape, isFortran: isFortran, bytes: bytes)
  }

  private func numpyType(_ item: PickleItem) throws(TorchFileError) -> NumpyType {
    if case .node(let index) = item, case .numpyType(let type) = nodes[index] { return type }
    throw malformed("a numpy type", describe(item))
  }

  private func rawBytes(_ item: PickleItem) throws(TorchFileError) -> [UInt8] {
    switch item {
    case .bytes(let bytes): return bytes
    case .string(let text):
      // A `str` of Python 2 that happened to be UTF-8.
      try budget.chargeBytes(text.utf8.count, reader.place, at: instruction)
      return [UInt8](text.utf8)
    default: throw malformed("bytes", describe(item))
    }
  }
}
