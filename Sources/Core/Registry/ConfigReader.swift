import OrderedCollections
import PyConfig

/// Reads a `dict(...)` of a config key by key; what is left at the end is an error.
///
/// ```swift
/// var reader = try ConfigReader(node, path: "model.backbone")
/// let depth: Int = try reader.value("depth")
/// let outIndices = try reader.value("out_indices", default: [3])
/// try reader.finish()
/// ```
public struct ConfigReader: ~Copyable {
  /// Dotted path of the dictionary from the root of the config.
  public let path: String
  public let location: SourceLocation?
  private var remaining: OrderedDictionary<String, ConfigNode>
  private var asked: OrderedSet<String> = []

  /// - Throws: `BuildError` when `node` is not a dictionary.
  public init(_ node: ConfigNode, path: String) throws {
    guard case .dictionary(let dictionary) = node.value else { throw node.mismatch("dict", at: path) }
    (self.path, location, remaining) = (path, node.location, dictionary.entries)
  }

  /// The dotted path of `key`.
  public func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// Whether the key is there and not yet read.
  public func has(_ key: String) -> Bool { remaining[key] != nil }

  /// The value of a key as it stands, or `nil` when the key is missing.
  public mutating func node(_ key: String) -> ConfigNode? {
    asked.append(key)
    return remaining.removeValue(forKey: key)
  }

  /// The value of a required key.
  public mutating func value<Value: ConfigDecodable>(_ key: String, as type: Value.Type = Value.self) throws
    -> Value
  {
    guard let node = node(key) else { throw BuildError(.missingKey(key), path: path, location: location) }
    return try Value(from: node, at: path(key))
  }

  /// The value of a key, or `defaultValue` when it is missing.
  public mutating func value<Value: ConfigDecodable>(_ key: String, default defaultValue: Value) throws
    -> Value
  {
    guard let node = node(key) else { return defaultValue }
    return try Value(from: node, at: path(key))
  }

  /// The value of a key, or `nil` when it is missing or `None`.
  public mutating func optional<Value: ConfigDecodable>(_ key: String, as type: Value.Type = Value.self)
    throws
    -> Value?
  {
    guard let node = node(key), !node.isNone else { return nil }
    return try Value(from: node, at: path(key))
  }

  /// Accepts keys that have no effect here.
  public mutating func ignore(_ keys: String...) {
    for key in keys { _ = node(key) }
  }

  /// Takes everything that is left, for values that are open by nature.
  public mutating func takeRest() -> OrderedDictionary<String, ConfigNode> {
    defer { remaining = [:] }
    return remaining
  }

  /// An error at this dictionary or at one of its keys.
  public func invalid(_ text: String, key: String? = nil) -> BuildError {
    BuildError(.invalid(text), path: key.map { path($0) } ?? path, location: location)
  }

  /// - Throws: `BuildError` for the first key that nobody asked for.
  public consuming func finish() throws {
    guard let (key, node) = remaining.elements.first else { return }
    throw BuildError(
      .unknownKey(key, accepted: asked.sorted()), path: path, location: node.location ?? location)
  }
}
