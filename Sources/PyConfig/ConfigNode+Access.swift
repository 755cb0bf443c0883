import OrderedCollections

/// Reading values out of a config.
extension ConfigNode {
  /// Python's name of the value's type.
  public var typeName: String { value.typeName }

  public var isNone: Bool { if case .none = value { true } else { false } }
  public var bool: Bool? { if case .bool(let value) = value { value } else { nil } }
  /// A whole number; a `bool` is not one.
  public var int: Int? { if case .int(let value) = value { value } else { nil } }
  /// A number, whole or not.
  public var double: Double? {
    switch value {
    case .int(let value): Double(value)
    case .float(let value): value
    case .none, .bool, .string, .list, .tuple, .dictionary: nil
    }
  }
  public var string: String? { if case .string(let value) = value { value } else { nil } }
  /// The items of a list or a tuple.
  public var items: [ConfigNode]? {
    switch value {
    case .list(let items), .tuple(let items): items
    case .none, .bool, .int, .float, .string, .dictionary: nil
    }
  }
  public var dictionary: ConfigDictionary? { if case .dictionary(let value) = value { value } else { nil } }

  /// The value at a path of keys and indices, such as `model.backbone.out_indices.0`; `nil` if there is none.
  ///
  /// Negative indices count from the end. An empty path is the node itself. Setting adds the last key of the path to
  /// its dictionary or replaces the item; where the path's parent doesn't exist, nothing happens.
  public subscript(path: String) -> ConfigNode? {
    get {
      var node = self
      for key in Self.keys(of: path) {
        guard let next = node.child(key) else { return nil }
        node = next
      }
      return node
    }
    set { set(Self.keys(of: path)[...], to: newValue) }
  }

  private static func keys(of path: String) -> [String] {
    path.isEmpty ? [] : path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  }

  /// The value of a key or, in a list or a tuple, at an index in decimal.
  public func child(_ key: String) -> ConfigNode? {
    switch value {
    case .dictionary(let entries): return entries[key]
    case .list(let items), .tuple(let items): return Self.index(key, items.count).map { items[$0] }
    case .none, .bool, .int, .float, .string: return nil
    }
  }

  private static func index(_ key: String, _ count: Int) -> Int? {
    guard let given = Int(key) else { return nil }
    let index = given < 0 ? given + count : given
    return (0..<count).contains(index) ? index : nil
  }

  private mutating func set(_ keys: ArraySlice<String>, to new: ConfigNode?) {
    guard let key = keys.first else {
      if let new { self = new }
      return
    }
    let rest = keys.dropFirst()
    switch value {
    case .dictionary(var entries):
      if rest.isEmpty {
        entries[key] = new
      } else {
        guard var next = entries[key] else { return }
        next.set(rest, to: new)
        entries[key] = next
      }
      value = .dictionary(entries)
    case .list(var items):
      guard let index = Self.index(key, items.count) else { return }
      items[index].set(rest, to: new)
      value = .list(items)
    case .tuple(var items):
      guard let index = Self.index(key, items.count) else { return }
      items[index].set(rest, to: new)
      value = .tuple(items)
    case .none, .bool, .int, .float, .string: return
    }
  }
}

extension ConfigValue {
  /// Python's name of the type.
  public var typeName: String {
    switch self {
    case .none: "None"
    case .bool: "bool"
    case .int: "int"
    case .float: "float"
    case .string: "str"
    case .list: "list"
    case .tuple: "tuple"
    case .dictionary: "dict"
    }
  }
}
