public import OrderedCollections

/// A dictionary of Python, in insertion order.
public struct PickleDictionary: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    case plain
    /// `collections.OrderedDict`, as state dicts are.
    case ordered
    /// `collections.defaultdict`; its factory is not kept.
    case defaulting
    /// `collections.Counter`.
    case counter
    /// One of the few known record classes, by its full name (`argparse.Namespace`): the fields by name.
    case record(String)
  }

  public var kind: Kind
  public var entries: OrderedDictionary<PickleKey, PickleValue>
  /// What the dictionary object carried besides its entries: `_metadata` of a state dict.
  public var attributes: OrderedDictionary<String, PickleValue>

  public init(
    _ entries: OrderedDictionary<PickleKey, PickleValue>, kind: Kind = .plain,
    attributes: OrderedDictionary<String, PickleValue> = [:]
  ) {
    (self.entries, self.kind, self.attributes) = (entries, kind, attributes)
  }

  /// An empty plain dictionary.
  public init() { self.init([:]) }

  /// An `OrderedDict` of tensors.
  public init(stateDict: OrderedDictionary<String, StoredTensor>) {
    self.init([:], kind: .ordered)
    entries.reserveCapacity(stateDict.count)
    for (name, tensor) in stateDict { entries[.string(name)] = .tensor(tensor) }
  }

  public var count: Int { entries.count }
  public var isEmpty: Bool { entries.isEmpty }

  public subscript(key: PickleKey) -> PickleValue? {
    get { entries[key] }
    set { entries[key] = newValue }
  }

  public subscript(key: String) -> PickleValue? {
    get { entries[.string(key)] }
    set { entries[.string(key)] = newValue }
  }
}

extension PickleDictionary: ExpressibleByDictionaryLiteral {
  /// - Precondition: no key twice.
  public init(dictionaryLiteral elements: (PickleKey, PickleValue)...) {
    self.init(OrderedDictionary(uniqueKeysWithValues: elements.map { (key: $0.0, value: $0.1) }))
  }
}

/// A key of a dictionary of Python.
public enum PickleKey: Sendable, Hashable {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  case bytes([UInt8])
  indirect case tuple([PickleKey])

  /// The text of a string key.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
}

extension PickleKey: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .int(value) }
}
