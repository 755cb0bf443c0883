import OrderedCollections

/// Where the bytes of storages come from.
protocol StorageProvider: AnyObject {
  /// All bytes of the storage with this key.
  func bytes(forKey key: String) throws(TorchFileError) -> [UInt8]
  /// Whether the elements are stored most significant byte first.
  var isBigEndian: Bool { get }
}

/// Turns a machine's nodes into a value tree.
///
/// Shared nodes are converted once and share their memory, but the tree they unfold to is what the limit on nodes counts: a file
/// of a few bytes cannot describe a tree that takes forever to walk.
struct PickleResolver {
  private let nodes: [PickleNode]
  private let budget: Budget
  private let place: Place
  private let storages: any StorageProvider
  private var finished: [Int: (value: PickleValue, size: Int)] = [:]
  private var active: Set<Int> = []

  init(_ machine: PickleMachine, _ storages: any StorageProvider) {
    (nodes, budget, place) = (machine.nodes, machine.budget, machine.reader.place)
    self.storages = storages
  }

  mutating func value(_ root: PickleItem) throws(TorchFileError) -> PickleValue {
    try convert(root, depth: 0).value
  }

  private typealias Converted = (value: PickleValue, size: Int)

  private mutating func convert(_ item: PickleItem, depth: Int) throws(TorchFileError) -> Converted {
    switch item {
    case .none: return (.none, 1)
    case .bool(let value): return (.bool(value), 1)
    case .int(let value): return (.int(value), 1)
    case .big(let bytes): return (.bigInteger(bytes), 1)
    case .float(let value): return (.float(value), 1)
    case .string(let value): return (.string(value), 1)
    case .bytes(let value): return (.bytes(value), 1)
    case .global(let global): return (.symbol(global.name), 1)
    case .node(let index):
      if let known = finished[index] { return known }
      if depth >= budget.limits.depth {
        throw place.error(
          .limit("containers inside one another", found: depth + 1, allowed: budget.limits.depth))
      }
      if !active.insert(index).inserted {
        throw place.error(.unsupported("a container that holds itself"))
      }
      let converted = try convert(nodes[index], depth: depth + 1)
      if converted.size > budget.limits.nodes {
        throw place.error(
          .limit("values, shared ones counted each time", found: converted.size, allowed: budget.limits.nodes)
        )
      }
      active.remove(index)
      finished[index] = converted
      return converted
    }
  }

  private mutating func convert(_ node: PickleNode, depth: Int) throws(TorchFileError) -> Converted {
    switch node {
    case .tuple(let items):
      let (values, size) = try convert(items, depth)
      return (.tuple(values), size)
    case .list(let items):
      let (values, size) = try convert(items, depth)
      return (.list(values), size)
    case .set(let items):
      var keys = OrderedSet<PickleKey>()
      for item in items { keys.append(try key(item, depth: depth)) }
      return (.set(keys.map(PickleValue.init)), 1 + keys.count)
    case .dictionary(let dictionary): return try convert(dictionary, depth)
    case .tensor(let tensor): return (.tensor(try stored(tensor)), 1)
    case .storage(let storage):
      let layout = TensorLayout.checked(
        offset: storage.first, shape: [storage.count], strides: [1], capacity: storage.first + storage.count)
      guard case .success(let layout) = layout else {
        throw place.malformed("a storage", found: "\(storage)")
      }
      let tensor = TensorNode(type: storage.type ?? .uint8, storage: storage.key, layout: layout)
      return (.tensor(try stored(tensor)), 1)
    case .numpyArray(let array?): return (.tensor(try stored(array)), 1)
    case .numpyArray(nil): throw place.malformed("an array's content", found: "none")
    case .numpyType(let type): return (.symbol("numpy.\(type.kind)\(8 * type.size)"), 1)
    case .hole: throw place.error(.unsupported("a container that holds itself"))
    }
  }

  private mutating func convert(
    _ items: [PickleItem], _ depth: Int
  ) throws(TorchFileError) -> (values: [PickleValue], size: Int) {
    var values: [PickleValue] = []
    values.reserveCapacity(items.count)
    var size = 1
    for item in items {
      let converted = try convert(item, depth: depth)
      values.append(converted.value)
      size += converted.size
      // Sizes are bounded by the limit each, so the sum stays far from overflow if it is checked here too.
      if size > budget.limits.nodes { break }
    }
    return (values, size)
  }

  private mutating func convert(_ node: DictionaryNode, _ depth: Int) throws(TorchFileError) -> Converted {
    var result = PickleDictionary([:], kind: node.kind)
    var size = 1
    for start in Swift.stride(from: 0, to: node.pairs.count - 1, by: 2) {
      let converted = try convert(node.pairs[start + 1], depth: depth)
      size += 1 + converted.size
      if size > budget.limits.nodes { return (.none, size) }
      result.entries[try key(node.pairs[start], depth: depth)] = converted.value
    }
    if let attributes = node.attributes {
      let converted = try convert(attributes, depth: depth)
      size += converted.size
      for (key, value) in converted.value.dictionary?.entries ?? [:] {
        if let name = key.string { result.attributes[name] = value }
      }
    }
    return (.dictionary(result), size)
  }

  /// A value as a key: anything that Python can hash.
  private mutating func key(_ item: PickleItem, depth: Int) throws(TorchFileError) -> PickleKey {
    switch item {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .float(let value): return .float(value)
    case .string(let value): return .string(value)
    case .bytes(let value), .big(let value): return .bytes(value)
    case .global(let global): return .string(global.name)
    case .node(let index):
      guard case .tuple(let items) = nodes[index], depth < budget.limits.depth else {
        throw place.malformed("a key that can be hashed", found: "a container or tensor")
      }
      try budget.chargeNodes(items.count, place)
      var keys: [PickleKey] = []
      for item in items { keys.append(try key(item, depth: depth + 1)) }
      return .tuple(keys)
    }
  }

  // MARK: Tensors

  private func stored(_ tensor: TensorNode) throws(TorchFileError) -> StoredTensor {
    let layout = tensor.layout
    let size = tensor.type.size
    if layout.count == 0 { return StoredTensor(scalarType: tensor.type, shape: layout.shape, bytes: []) }
    let whole = try storages.bytes(forKey: tensor.storage)
    let swaps = storages.isBigEndian && size > 1
    if layout.isContiguous && layout.offset == 0 && layout.count * size == whole.count && !swaps {
      return StoredTensor(scalarType: tensor.type, shape: layout.shape, bytes: whole)
    }
    return StoredTensor(
      scalarType: tensor.type, shape: layout.shape, bytes: try copy(layout, of: whole, size, swaps: swaps))
  }

  private func stored(_ array: NumpyArray) throws(TorchFileError) -> StoredTensor {
    guard let type = array.type.scalarType,
      case .success(let layout) = TensorLayout.checked(
        offset: 0, shape: array.shape, strides: array.strides, capacity: array.bytes.count / array.type.size)
    else { throw place.malformed("an array of numbers", found: "shape \(array.shape)") }
    let bytes = try copy(layout, of: array.bytes, array.type.size, swaps: array.type.isBigEndian)
    guard array.type.kind == .unsigned && array.type.size > 1 else {
      return StoredTensor(scalarType: type, shape: array.shape, bytes: bytes)
    }
    try budget.chargeBytes(layout.count * type.size, place)
    var wide = [UInt8](repeating: 0, count: layout.count * type.size)
    for element in 0..<layout.count {
      for byte in 0..<array.type.size {
        wide[element * type.size + byte] = bytes[element * array.type.size + byte]
      }
      if array.type.size == 8 && wide[element * 8 + 7] >= 0x80 {
        throw place.error(.unsupported("a numpy array of integers beyond 2^63"))
      }
    }
    return StoredTensor(scalarType: type, shape: array.shape, bytes: wide)
  }

  private func copy(
    _ layout: TensorLayout, of storage: [UInt8], _ size: Int, swaps: Bool
  ) throws(TorchFileError) -> [UInt8] {
    let count = layout.count * size
    try budget.chargeBytes(count, place)
    var bytes = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      storage.withUnsafeBytes {
        layout.gather(from: $0, size: size, into: UnsafeMutableRawBufferPointer(target))
      }
      filled = count
    }
    if swaps { swapBytes(&bytes, size: size) }
    return bytes
  }
}

extension PickleValue {
  init(_ key: PickleKey) {
    switch key {
    case .none: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .float(let value): self = .float(value)
    case .string(let value): self = .string(value)
    case .bytes(let value): self = .bytes(value)
    case .tuple(let keys): self = .tuple(keys.map(PickleValue.init))
    }
  }
}
