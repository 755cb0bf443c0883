import OrderedCollections

/// A value while a config is evaluated: containers are shared by reference, as in Python.
enum PyValue {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  case list(PyContainer)
  case tuple(PyContainer)
  case dictionary(PyDictionary)
  case set(PyDictionary)
  case range(PyRange)
  /// A snapshot that can be walked once (`zip(...)`, a generator).
  case iterator(PyContainer)
  case function(Native)
  case method(BoundMethod)
  case module(NativeModule)

  var typeName: String {
    switch self {
    case .none: "None"
    case .bool: "bool"
    case .int: "int"
    case .float: "float"
    case .string: "str"
    case .list: "list"
    case .tuple: "tuple"
    case .dictionary: "dict"
    case .set: "set"
    case .range: "range"
    case .iterator: "an iterator"
    case .function(let native): "the function \(native.rawValue)"
    case .method(let method): "the method \(method.name)"
    case .module(let module): "the module \(module.rawValue)"
    }
  }

  /// A `bool` counts as a whole number, as in Python.
  var asInt: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  var asDouble: Double? {
    if case .float(let value) = self { return value }
    return asInt.map(Double.init)
  }
}

/// A value with the offset of the expression that gave it.
struct Slot {
  var value: PyValue
  var at: Int
}

/// The items of a list, a tuple or an iterator.
final class PyContainer {
  var items: [Slot]
  /// Those of an iterator that were taken.
  var taken = 0
  fileprivate init(_ items: [Slot]) { self.items = items }
}

/// The entries of a dictionary, or the members of a set (as keys).
final class PyDictionary {
  var entries: OrderedDictionary<PyKey, Slot>
  fileprivate init(_ entries: OrderedDictionary<PyKey, Slot>) { self.entries = entries }
}

final class BoundMethod {
  let receiver: PyValue
  let name: String
  init(_ receiver: PyValue, _ name: String) { (self.receiver, self.name) = (receiver, name) }
}

/// `range(start, stop, step)`.
struct PyRange {
  let start: Int, step: Int
  let count: Int

  init?(start: Int, stop: Int, step: Int) {
    guard step != 0, step != .min else { return nil }
    (self.start, self.step) = (start, step)
    let (low, high, stride) = step > 0 ? (start, stop, step) : (stop, start, -step)
    guard low < high else {
      count = 0
      return
    }
    let (distance, overflow) = high.subtractingReportingOverflow(low)
    guard !overflow else { return nil }
    count = (distance - 1) / stride + 1
  }

  /// - Precondition: `0 <= index < count`
  subscript(index: Int) -> Int { start + index * step }
}

/// What can be a key: equal numbers are one key, whatever their type.
enum PyKey: Hashable {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  case tuple([PyKey])

  static func == (a: PyKey, b: PyKey) -> Bool {
    switch (a, b) {
    case (.none, .none): true
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.tuple(let a), .tuple(let b)): a == b
    default:
      if let a = a.number, let b = b.number { a == b } else { false }
    }
  }

  func hash(into hasher: inout Hasher) {
    switch self {
    case .none: hasher.combine(0)
    case .bool, .int, .float: hasher.combine(number)
    case .string(let text):
      for byte in text.utf8 { hasher.combine(byte) }
    case .tuple(let keys): hasher.combine(keys)
    }
  }

  private enum Number: Hashable {
    case int(Int)
    case float(Double)
  }

  private var number: Number? {
    switch self {
    case .bool(let value): .int(value ? 1 : 0)
    case .int(let value): .int(value)
    case .float(let value): Int(exactly: value).map(Number.int) ?? .float(value)
    case .none, .string, .tuple: nil
    }
  }
}

/// Owns every container of an evaluation and takes them apart at its end: no cycle outlives it, and no long chain of
/// containers is freed by recursion.
final class Arena {
  private var containers: [PyContainer] = []
  private var dictionaries: [PyDictionary] = []

  func container(_ items: [Slot]) -> PyContainer {
    let container = PyContainer(items)
    containers.append(container)
    return container
  }

  func dictionary(_ entries: OrderedDictionary<PyKey, Slot>) -> PyDictionary {
    let dictionary = PyDictionary(entries)
    dictionaries.append(dictionary)
    return dictionary
  }

  deinit {
    for container in containers { container.items = [] }
    for dictionary in dictionaries { dictionary.entries = [:] }
  }
}
