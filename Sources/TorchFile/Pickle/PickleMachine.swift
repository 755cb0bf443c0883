/// The stack machine that pickles are programs for, with nothing in it that could run code.
///
/// It covers protocols 0 to 5, but for out-of-band buffers and the extension registry. Values are built as nodes of a flat
/// array, so shared and even cyclic ones cost nothing here; `PickleResolver` turns them into a `PickleValue`.
struct PickleMachine {
  var reader: ByteReader
  let budget: Budget
  var stack: [PickleItem] = []
  var marks: [Int] = []
  var memo = PickleMemo()
  var nodes: [PickleNode] = []
  /// Every storage asked for: bytes per element and the number of elements, as first named.
  var storages: [String: (elementSize: Int, count: Int)] = [:]
  /// Where the running instruction began.
  var instruction = 0

  init(_ reader: ByteReader, _ budget: Budget) {
    (self.reader, self.budget) = (reader, budget)
  }

  // MARK: Errors

  func malformed(_ expected: String, _ found: String) -> TorchFileError {
    reader.place.malformed(expected, found: found, at: instruction)
  }

  func failure(_ reason: TorchFileError.Reason) -> TorchFileError {
    reader.place.error(reason, at: instruction)
  }

  // MARK: Stack

  mutating func push(_ item: PickleItem) throws(TorchFileError) {
    try budget.chargeNodes(1, reader.place, at: instruction)
    stack.append(item)
  }

  mutating func push(node: PickleNode) throws(TorchFileError) {
    try push(.node(nodes.count))
    nodes.append(node)
  }

  mutating func pop() throws(TorchFileError) -> PickleItem {
    guard stack.count > (marks.last ?? 0), let item = stack.popLast() else {
      throw malformed("a value on the stack", "none")
    }
    return item
  }

  func top() throws(TorchFileError) -> PickleItem {
    guard stack.count > (marks.last ?? 0), let item = stack.last else {
      throw malformed("a value on the stack", "none")
    }
    return item
  }

  /// The values above the last mark.
  mutating func popMark() throws(TorchFileError) -> [PickleItem] {
    guard let mark = marks.popLast() else { throw malformed("a mark on the stack", "none") }
    let items = [PickleItem](stack[mark...])
    stack.removeLast(stack.count - mark)
    return items
  }

  // MARK: Reading items

  func tuple(_ item: PickleItem, _ what: String) throws(TorchFileError) -> [PickleItem] {
    if case .node(let index) = item, case .tuple(let items) = nodes[index] { return items }
    throw malformed(what, describe(item))
  }

  func integer(_ item: PickleItem, _ what: String) throws(TorchFileError) -> Int {
    switch item {
    case .int(let value): return value
    case .bool(let value): return value ? 1 : 0
    default: throw malformed("an integer for \(what)", describe(item))
    }
  }

  /// A tuple or list of integers.
  func integers(_ item: PickleItem, _ what: String) throws(TorchFileError) -> [Int] {
    guard case .node(let index) = item else {
      throw malformed("a tuple of integers for \(what)", describe(item))
    }
    let items: [PickleItem]
    switch nodes[index] {
    case .tuple(let values), .list(let values): items = values
    default: throw malformed("a tuple of integers for \(what)", describe(item))
    }
    if items.count > TensorLayout.maximumRank {
      throw malformed("at most \(TensorLayout.maximumRank) axes", "\(items.count)")
    }
    var result: [Int] = []
    for item in items { result.append(try integer(item, what)) }
    return result
  }

  /// Text; Python 2 wrote plain strings as bytes.
  func text(_ item: PickleItem, _ what: String) throws(TorchFileError) -> String {
    switch item {
    case .string(let value): return value
    case .bytes(let bytes):
      if let value = String(validating: bytes, as: UTF8.self) { return value }
      throw malformed("text for \(what)", describe(item))
    default: throw malformed("text for \(what)", describe(item))
    }
  }

  func describe(_ item: PickleItem) -> String {
    switch item {
    case .none: return "None"
    case .bool(let value): return value ? "True" : "False"
    case .int(let value): return "\(value)"
    case .big(let bytes): return "an integer of \(bytes.count) bytes"
    case .float(let value): return "\(value)"
    case .string(let value): return "'\(value.prefix(80))'"
    case .bytes(let bytes): return "\(bytes.count) bytes"
    case .global(let global): return global.name
    case .node(let index):
      switch nodes[index] {
      case .hole: return "a value inside itself"
      case .tuple(let items): return "a tuple of \(items.count)"
      case .list(let items): return "a list of \(items.count)"
      case .set(let items): return "a set of \(items.count)"
      case .dictionary(let dictionary): return "a dictionary of \(dictionary.pairs.count / 2)"
      case .storage(let storage): return "storage '\(storage.key.prefix(80))'"
      case .tensor(let tensor): return "a \(tensor.type) tensor"
      case .numpyType: return "a numpy dtype"
      case .numpyArray: return "a numpy array"
      }
    }
  }
}

/// The machine's numbered memory.
///
/// Numbers mostly count up from 0, but need not.
struct PickleMemo {
  private var dense: [PickleItem] = []
  private var sparse: [Int: PickleItem] = [:]

  /// What MEMOIZE numbers the next value with.
  var count: Int { dense.count + sparse.count }

  subscript(index: Int) -> PickleItem? {
    get { index >= 0 && index < dense.count ? dense[index] : sparse[index] }
    set {
      guard let newValue else { return }
      if index >= 0 && index < dense.count {
        dense[index] = newValue
      } else if index == dense.count && sparse.isEmpty {
        dense.append(newValue)
      } else {
        sparse[index] = newValue
      }
    }
  }
}
