import OrderedCollections
import PyConfig

/// What building from a config needs besides the config: the registries, and whose names come first.
public struct BuildContext {
  public var registries: Registries
  /// The suite whose entries are meant by a bare name: `mmcls`, `mmdet` or `mmseg`.
  public var scope: String
  /// Whether data sets are built for testing where their configs do not say.
  public var isTesting = false

  public init(registries: Registries, scope: String) {
    (self.registries, self.scope) = (registries, scope)
  }
}

/// The types of one role that a config can name with `type='...'`.
///
/// An entry is a typed config record and an initializer; dictionaries end here.
public struct Registry<Product> {
  private typealias Make = (_ node: ConfigNode, _ path: String, _ context: BuildContext) throws -> Product

  /// The role, as error messages name it: `backbone`, `hook`.
  public let role: String
  private var entries: [String: Make] = [:]

  public init(role: String) {
    self.role = role
  }

  /// Enters a type under `name`.
  ///
  /// - Parameter scope: the suite whose type of that name this is, where suites have different ones.
  public mutating func register<Config: ConfigRecord>(
    _ name: String, scope: String? = nil, _ config: Config.Type,
    _ make: @escaping (Config, BuildContext) throws -> Product
  ) {
    let key = scope.map { "\($0).\(name)" } ?? name
    precondition(entries[key] == nil, "Registry.register: '\(key)' is in the \(role) registry already")
    entries[key] = { node, path, context in
      var reader = try ConfigReader(node, path: path)
      _ = reader.node("type")
      let config = try Config(from: &reader)
      let location = reader.location
      try reader.finish()
      do {
        return try make(config, context)
      } catch let error as InvalidConfig {
        throw BuildError(.invalid(error.text), path: path, location: location)
      }
    }
  }

  /// Enters a type that needs nothing but its config.
  public mutating func register<Config: ConfigRecord>(
    _ name: String, scope: String? = nil, _ config: Config.Type, _ make: @escaping (Config) throws -> Product
  ) {
    register(name, scope: scope, config) { config, _ in try make(config) }
  }

  /// Names that configs can use, without scopes, in alphabetical order.
  public var names: [String] {
    Set(entries.keys.map { $0.split(separator: ".").last.map(String.init) ?? $0 }).sorted()
  }

  /// All keys as registered: bare names and `scope.Name`.
  public var scopedNames: [String] { entries.keys.sorted() }

  public func contains(_ name: String, scope: String) -> Bool { find(name, scope: scope) != nil }

  /// Builds what a `dict(type='Name', ...)` describes.
  ///
  /// - Throws: `BuildError` that names file, line and key path.
  public func build(_ node: ConfigNode, path: String, context: BuildContext) throws -> Product {
    guard let dictionary = node.dictionary else { throw node.mismatch("dict with a key 'type'", at: path) }
    guard let typeNode = dictionary["type"] else {
      throw BuildError(.missingKey("type"), path: path, location: node.location)
    }
    let name = try String(from: typeNode, at: "\(path).type")
    guard let make = find(name, scope: context.scope) else {
      throw BuildError(
        .unknownName(name, role: role, known: names), path: "\(path).type", location: typeNode.location)
    }
    var inner = context
    if let dot = name.firstIndex(of: ".") { inner.scope = String(name[..<dot]) }
    return try make(node, path, inner)
  }

  private func find(_ name: String, scope: String) -> Make? {
    if let dot = name.firstIndex(of: ".") {
      return entries[name] ?? entries[String(name[name.index(after: dot)...])]
    }
    return entries["\(scope).\(name)"] ?? entries[name]
  }
}

/// Thrown by initializers for values that cannot be; the registry adds file, line and key path.
public struct InvalidConfig: Error, CustomStringConvertible, Equatable {
  public var text: String
  public init(_ text: String) { self.text = text }
  public var description: String { text }
}

/// All registries, one a role. Packages add roles by an extension with a computed property:
///
/// ```swift
/// extension Registries {
///   public var backbones: Registry<any Backbone> {
///     get { self[(any Backbone).self, role: "backbone"] }
///     set { self[(any Backbone).self, role: "backbone"] = newValue }
///   }
/// }
/// ```
public struct Registries {
  /// Tasks may use the same word for a role: classification and segmentation have heads.
  private struct Key: Hashable {
    let product: ObjectIdentifier
    let role: String
  }
  private var byRole: [Key: Any] = [:]

  public init() {}

  public subscript<Product>(product: Product.Type, role role: String) -> Registry<Product> {
    get {
      byRole[Key(product: ObjectIdentifier(product), role: role)] as? Registry<Product>
        ?? Registry(role: role)
    }
    set { byRole[Key(product: ObjectIdentifier(product), role: role)] = newValue }
  }
}
