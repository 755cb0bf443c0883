import OrderedCollections

/// Equality of values: places don't count, nor does the order of keys; `1`, `1.0` and `True` differ, `nan` equals `nan`.
extension ConfigNode: Equatable {
  public static func == (a: ConfigNode, b: ConfigNode) -> Bool { a.value == b.value }
}

extension ConfigValue: Equatable {
  public static func == (a: ConfigValue, b: ConfigValue) -> Bool {
    switch (a, b) {
    case (.none, .none): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.float(let a), .float(let b)): a == b || (a.isNaN && b.isNaN)
    case (.string(let a), .string(let b)): a == b
    case (.list(let a), .list(let b)): a == b
    case (.tuple(let a), .tuple(let b)): a == b
    case (.dictionary(let a), .dictionary(let b)): a == b
    case (.none, _), (.bool, _), (.int, _), (.float, _), (.string, _), (.list, _), (.tuple, _),
      (.dictionary, _):
      false
    }
  }
}

extension ConfigDictionary: Equatable {
  public static func == (a: ConfigDictionary, b: ConfigDictionary) -> Bool {
    a.entries.count == b.entries.count && a.integerKeys == b.integerKeys
      && a.entries.allSatisfy { key, value in b.entries[key] == value }
  }
}

/// Literals, so that a program can write values as a config does; a literal array is a list.
extension ConfigNode: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(booleanLiteral value: Bool) { self.init(.bool(value)) }
  public init(integerLiteral value: Int) { self.init(.int(value)) }
  public init(floatLiteral value: Double) { self.init(.float(value)) }
  public init(stringLiteral value: String) { self.init(.string(value)) }
  public init(arrayLiteral elements: ConfigNode...) { self.init(.list(elements)) }
  public init(dictionaryLiteral elements: (String, ConfigNode)...) {
    var entries: OrderedDictionary<String, ConfigNode> = [:]
    for (key, value) in elements { entries[key] = value }
    self.init(.dictionary(ConfigDictionary(entries)))
  }
  /// A `tuple`.
  public static func tuple(_ elements: ConfigNode...) -> ConfigNode { ConfigNode(.tuple(elements)) }
}
