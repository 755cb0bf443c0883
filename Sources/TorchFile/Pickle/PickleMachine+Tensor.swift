/// Storages and the tensors in them.
extension PickleMachine {
  /// BINPERSID: `("storage", class, key, location, count)`, in legacy files with `(view key, offset, count)` or None.
  mutating func pushStorage(_ identity: PickleItem) throws(TorchFileError) {
    let fields = try tuple(identity, "a tuple that names a storage")
    let kind = try text(fields.first ?? .none, "the kind of a persistent value")
    if kind != "storage" { throw failure(.unsupported("a persistent \(kind.prefix(80))")) }
    guard fields.count == 5 || fields.count == 6 else {
      throw malformed("5 or 6 fields of a storage", "\(fields.count)")
    }
    guard case .global(let global) = fields[1], case .storage(let type) = global.role else {
      throw malformed("a storage class", describe(fields[1]))
    }
    let key =
      if case .int(let number) = fields[2] { "\(number)" } else { try text(fields[2], "a storage's key") }
    let count = try integer(fields[4], "a storage's size")
    var node = StorageNode(key: key, type: type, first: 0, count: count)
    let (bytes, overflow) = count.multipliedReportingOverflow(by: node.elementSize)
    if overflow || count < 0 { throw malformed("a storage's size of at least 0", "\(count) elements") }

    if let known = storages[key] {
      if known.count * known.elementSize != bytes {
        throw malformed("storage '\(key.prefix(80))' of \(known.count * known.elementSize) bytes", "\(bytes)")
      }
    } else {
      storages[key] = (node.elementSize, count)
    }
    if fields.count == 6, case .node = fields[5] {
      let view = try tuple(fields[5], "a tuple that names a view")
      guard view.count == 3 else { throw malformed("3 fields of a view", "\(view.count)") }
      let first = try integer(view[1], "a view's offset")
      let length = try integer(view[2], "a view's size")
      guard first >= 0, length >= 0, first <= count, length <= count - first else {
        throw malformed("a view inside \(count) elements", "\(length) at \(first)")
      }
      (node.first, node.count) = (first, length)
    }
    try push(node: .storage(node))
  }

  /// `_rebuild_tensor(storage, offset, size, strides)`, `_v2(..., requires_grad, hooks[, metadata])` and
  /// `_v3(..., requires_grad, hooks, dtype[, metadata])`.
  mutating func pushTensor(_ global: PickleGlobal, _ arguments: [PickleItem]) throws(TorchFileError) {
    let isTyped = global.role == .rebuildTensorWithType
    guard arguments.count >= (isTyped ? 7 : 4), arguments.count <= (isTyped ? 8 : 7) else {
      throw malformed("the arguments of \(global.name)", "\(arguments.count)")
    }
    guard case .node(let index) = arguments[0], case .storage(let storage) = nodes[index] else {
      throw malformed("a storage", describe(arguments[0]))
    }
    var type = storage.type ?? .uint8
    if isTyped {
      guard case .global(let dtype) = arguments[6], case .dtype(let stated) = dtype.role else {
        throw malformed("a dtype", describe(arguments[6]))
      }
      type = stated
    }
    let metadata = isTyped ? arguments.dropFirst(7).first : arguments.dropFirst(6).first
    if let metadata, try !isEmptyDictionary(metadata) {
      throw failure(.unsupported("a conjugated or negated view"))
    }
    let (first, capacity) = (
      storage.first * storage.elementSize / type.size, storage.count * storage.elementSize / type.size
    )
    let layout = TensorLayout.checked(
      offset: try integer(arguments[1], "a storage offset"),
      shape: try integers(arguments[2], "a shape"),
      strides: try integers(arguments[3], "strides"), capacity: capacity)
    switch layout {
    case .success(var layout):
      // The offset of an empty tensor is not checked, and not used.
      layout.offset = layout.count == 0 ? 0 : layout.offset + first
      try push(node: .tensor(TensorNode(type: type, storage: storage.key, layout: layout)))
    case .failure(let fault): throw malformed(fault.expected, fault.found)
    }
  }

  private func isEmptyDictionary(_ item: PickleItem) throws(TorchFileError) -> Bool {
    switch item {
    case .none: return true
    case .node(let index):
      if case .dictionary(let dictionary) = nodes[index] { return dictionary.pairs.isEmpty }
    default: break
    }
    throw malformed("a dictionary of a tensor's flags", describe(item))
  }

  /// The item itself if it is a tensor or an array.
  func tensor(_ item: PickleItem) throws(TorchFileError) -> PickleItem {
    if case .node(let index) = item {
      switch nodes[index] {
      case .tensor, .numpyArray: return item
      default: break
      }
    }
    throw malformed("a tensor", describe(item))
  }
}
