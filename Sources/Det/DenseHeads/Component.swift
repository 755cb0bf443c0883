import Core
import PyConfig

/// A part of a config that names a type, kept until there is a context to build it in.
public struct Component: Sendable {
  public var node: ConfigNode
  public var path: String

  public init(_ node: ConfigNode, path: String) { (self.node, self.path) = (node, path) }

  /// The name under `type` without its scope.
  public var typeName: String? {
    node.dictionary?["type"]?.string.map { $0.split(separator: ".").last.map(String.init) ?? $0 }
  }

  /// A key as the config gives it; false where it is missing, whatever the type's own default.
  public func flag(_ key: String) -> Bool { node.dictionary?[key]?.bool ?? false }

  public func build<Product>(_ registry: Registry<Product>, _ context: BuildContext) throws -> Product {
    try registry.build(node, path: path, context: context)
  }

  /// The same with a key set, as detectors hand `train_cfg` and `test_cfg` to their heads.
  public func setting(_ key: String, to value: ConfigNode?) -> Component {
    guard let value, var dictionary = node.dictionary else { return self }
    dictionary[key] = value
    var copy = self
    copy.node.value = .dictionary(dictionary)
    return copy
  }
}

extension ConfigReader {
  /// A part that must be there unless there is a standard one.
  public mutating func component(_ key: String, default standard: ConfigNode? = nil) throws -> Component {
    if let node = node(key), !node.isNone { return Component(node, path: path(key)) }
    guard let standard else { throw BuildError(.missingKey(key), path: path, location: location) }
    return Component(standard, path: path(key))
  }

  /// A part that may be missing or `None`.
  public mutating func optionalComponent(_ key: String) -> Component? {
    guard let node = node(key), !node.isNone else { return nil }
    return Component(node, path: path(key))
  }
}
