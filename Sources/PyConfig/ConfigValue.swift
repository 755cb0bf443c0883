import OrderedCollections

/// A place in a config file: 1-based line and column.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The file's path as the user gave it, or a name in angle brackets such as `<--cfg-options>`.
  public var file: String
  public var line: Int
  public var column: Int

  public init(file: String, line: Int, column: Int = 1) {
    (self.file, self.line, self.column) = (file, line, column)
  }

  /// `file:line`.
  public var description: String { "\(file):\(line)" }
}

/// A value of the config language together with the place that gave it.
public struct ConfigNode: Sendable {
  public var value: ConfigValue
  /// `nil` for values made by the program itself.
  public var location: SourceLocation?

  public init(_ value: ConfigValue, at location: SourceLocation? = nil) {
    (self.value, self.location) = (value, location)
  }
}

/// The values that a config can hold; Python's names are given in brackets.
public enum ConfigValue: Sendable {
  /// (`None`)
  case none
  /// (`bool`)
  case bool(Bool)
  /// (`int`)
  case int(Int)
  /// (`float`)
  case float(Double)
  /// (`str`)
  case string(String)
  /// (`list`)
  case list([ConfigNode])
  /// (`tuple`)
  case tuple([ConfigNode])
  /// (`dict`), in the order of insertion.
  case dictionary(ConfigDictionary)
}

/// An ordered dictionary of the config language.
///
/// Keys are strings; a whole number used as a key (`{0: 'a'}`) is kept as its decimal text and listed in `integerKeys`.
public struct ConfigDictionary: Sendable {
  public var entries: OrderedDictionary<String, ConfigNode>
  public var integerKeys: Set<String>

  public init(_ entries: OrderedDictionary<String, ConfigNode> = [:], integerKeys: Set<String> = []) {
    (self.entries, self.integerKeys) = (entries, integerKeys)
  }

  public var keys: OrderedSet<String> { entries.keys }
  public var isEmpty: Bool { entries.isEmpty }

  public subscript(key: String) -> ConfigNode? {
    get { entries[key] }
    set { entries[key] = newValue }
  }
}
