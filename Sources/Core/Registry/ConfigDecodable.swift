import OrderedCollections
import PyConfig

/// A type that is read from one value of a config.
public protocol ConfigDecodable {
  init(from node: ConfigNode, at path: String) throws
}

/// A type that is read from a `dict(...)` of a config, key by key.
public protocol ConfigRecord: ConfigDecodable {
  init(from reader: inout ConfigReader) throws
}

extension ConfigRecord {
  public init(from node: ConfigNode, at path: String) throws {
    var reader = try ConfigReader(node, path: path)
    try self.init(from: &reader)
    try reader.finish()
  }
}

extension ConfigNode {
  /// The value as an error message shows it: its Python type and a short form.
  public var summary: String {
    switch value {
    case .none: "None"
    case .bool(let value): "bool \(value ? "True" : "False")"
    case .int(let value): "int \(value)"
    case .float(let value): "float \(value)"
    case .string(let value): "str '\(value.prefix(60))'"
    case .list(let items): "list of \(items.count)"
    case .tuple(let items): "tuple of \(items.count)"
    case .dictionary(let dictionary): "dict with keys \(dictionary.keys.prefix(6).joined(separator: ", "))"
    }
  }

  func mismatch(_ expected: String, at path: String) -> BuildError {
    BuildError(.wrongType(expected: expected, found: summary), path: path, location: location)
  }
}

extension ConfigNode: ConfigDecodable {
  public init(from node: ConfigNode, at path: String) throws { self = node }
}

extension Bool: ConfigDecodable {
  public init(from node: ConfigNode, at path: String) throws {
    switch node.value {
    case .bool(let value): self = value
    case .int(0): self = false
    case .int(1): self = true
    default: throw node.mismatch("bool", at: path)
    }
  }
}

extension Int: ConfigDecodable {
  /// Takes `int` and, as Python code that only does arithmetic would, a `float` without a fraction.
  public init(from node: ConfigNode, at path: String) throws {
    switch node.value {
    case .int(let value): self = value
    case .float(let value) where value.rounded() == value && abs(value) < 1e15: self = Int(value)
    default: throw node.mismatch("int", at: path)
    }
  }
}

extension Double: ConfigDecodable {
  public init(from node: ConfigNode, at path: String) throws {
    switch node.value {
    case .int(let value): self = Double(value)
    case .float(let value): self = value
    default: throw node.mismatch("float", at: path)
    }
  }
}

extension Float: ConfigDecodable {
  public init(from node: ConfigNode, at path: String) throws {
    self = Float(try Double(from: node, at: path))
  }
}

extension String: ConfigDecodable {
  public init(from node: ConfigNode, at path: String) throws {
    guard let string = node.string else { throw node.mismatch("str", at: path) }
    self = string
  }
}

extension Array: ConfigDecodable where Element: ConfigDecodable {
  /// A list or tuple of `Element`s.
  public init(from node: ConfigNode, at path: String) throws {
    guard let items = node.items else { throw node.mismatch("list", at: path) }
    self = try items.enumerated().map { try Element(from: $1, at: "\(path).\($0)") }
  }
}

extension Optional: ConfigDecodable where Wrapped: ConfigDecodable {
  public init(from node: ConfigNode, at path: String) throws {
    self = node.isNone ? nil : try Wrapped(from: node, at: path)
  }
}

/// One value or several: a key that takes `x` or `[x, y]`.
public struct OneOrMany<Element: ConfigDecodable>: ConfigDecodable {
  public var elements: [Element]
  public var wasList: Bool

  public init(_ elements: [Element], wasList: Bool = true) {
    (self.elements, self.wasList) = (elements, wasList)
  }

  public init(from node: ConfigNode, at path: String) throws {
    if node.items != nil {
      self.init(try [Element](from: node, at: path))
    } else {
      self.init([try Element(from: node, at: path)], wasList: false)
    }
  }
}

extension OneOrMany: Sendable where Element: Sendable {}

extension ConfigDecodable where Self: RawRepresentable, RawValue == String, Self: CaseIterable {
  /// One of the names of an enumeration.
  public init(from node: ConfigNode, at path: String) throws {
    let text = try String(from: node, at: path)
    guard let value = Self(rawValue: text) else {
      let known = Self.allCases.map(\.rawValue)
      let hint = nearest(text, among: known).map { "; did you mean '\($0)'?" } ?? ""
      throw BuildError(
        .invalid("must be one of \(known.joined(separator: ", ")), found '\(text)'\(hint)"), path: path,
        location: node.location)
    }
    self = value
  }
}

/// A part of a config that is built later, with the path under which errors will name it.
public struct ConfigNodeBox: Sendable {
  public var node: ConfigNode?
  public var path: String

  public init(_ node: ConfigNode?, path: String) {
    self.node = node.flatMap { $0.isNone ? nil : $0 }
    self.path = path
  }
}
