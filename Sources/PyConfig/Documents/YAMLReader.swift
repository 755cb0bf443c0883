import Foundation
import OrderedCollections
import Yams

/// Reads one YAML document; plain scalars get the types that PyYAML gives them (YAML 1.1).
struct YAMLReader {
  private let name: String
  private let limits: ConfigLimits
  private var count = 0

  static func read(_ text: String, name: String, limits: ConfigLimits) throws(ConfigError) -> ConfigNode {
    // Hashing an anchored collection that is a key takes exponential time when it is repeated in itself.
    if text.contains("&"), text.contains(/(^|[\s\[{,])\?\s|\*[^\s,\]}]+\s*:|[\]}]\s*:/) {
      throw ConfigError(
        "a YAML config must have plain keys where it has anchors, found others",
        at: SourceLocation(file: name, line: 1))
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw translated(error, name: name)
    } catch {
      throw ConfigError(
        "a config must be valid YAML, found \(error)", at: SourceLocation(file: name, line: 1))
    }
    guard let node else { return ConfigNode(.none, at: SourceLocation(file: name, line: 1)) }
    var reader = YAMLReader(name: name, limits: limits)
    return try reader.value(node, depth: 1)
  }

  private init(name: String, limits: ConfigLimits) { (self.name, self.limits) = (name, limits) }

  private static func translated(_ error: YamlError, name: String) -> ConfigError {
    func at(_ mark: Mark) -> SourceLocation {
      SourceLocation(file: name, line: mark.line, column: mark.column)
    }
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return ConfigError("a config must be valid YAML, found: \(problem)", at: at(mark))
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.map(\.description).joined(separator: " ")
      return ConfigError("a key must be given once, found \(keys) again", at: at(context.mark))
    default:
      return ConfigError(
        "a config must be valid YAML, found: \(error)", at: SourceLocation(file: name, line: 1))
    }
  }

  private mutating func value(_ node: Node, depth: Int) throws(ConfigError) -> ConfigNode {
    let location = node.mark.map { SourceLocation(file: name, line: $0.line, column: $0.column) }
    count += 1 + (node.scalar?.string.utf8.count ?? 0) / 32
    guard count <= limits.values, depth <= limits.nesting else {
      throw ConfigError(
        "a config must have at most \(limits.values) values and \(limits.nesting) levels, found more",
        at: location)
    }
    switch node {
    case .scalar(let scalar): return ConfigNode(try self.scalar(scalar, node, at: location), at: location)
    case .sequence(let sequence):
      var items: [ConfigNode] = []
      for item in sequence { items.append(try value(item, depth: depth + 1)) }
      let isTuple = sequence.tag.description.hasSuffix("python/tuple")
      return ConfigNode(isTuple ? .tuple(items) : .list(items), at: location)
    case .mapping(let mapping):
      return ConfigNode(.dictionary(try dictionary(mapping, depth: depth)), at: location)
    case .alias:
      throw ConfigError("a YAML alias must follow its anchor, found one without", at: location)
    }
  }

  private mutating func dictionary(_ mapping: Node.Mapping, depth: Int) throws(ConfigError)
    -> ConfigDictionary
  {
    var own = ConfigDictionary(), merged = ConfigDictionary()
    for (keyNode, valueNode) in mapping {
      let key = try value(keyNode, depth: depth + 1)
      if keyNode.scalar?.string == "<<", keyNode.scalar?.style == .plain {
        let sources = Array(valueNode.sequence ?? [valueNode])
        for source in sources.reversed() {
          guard let more = try value(source, depth: depth + 1).dictionary else {
            throw ConfigError(
              "'<<' must be given a dict or a list of dicts, found another value", at: key.location)
          }
          for (key, node) in more.entries { merged.entries[key] = node }
          merged.integerKeys.formUnion(more.integerKeys)
        }
        continue
      }
      let text: String
      switch key.value {
      case .string(let string): text = string
      case .int(let number):
        text = String(number)
        own.integerKeys.insert(text)
      case .none, .bool, .float, .list, .tuple, .dictionary:
        throw ConfigError("a key must be a string or a whole number, found \(key.typeName)", at: key.location)
      }
      guard own.entries.updateValue(try value(valueNode, depth: depth + 1), forKey: text) == nil else {
        throw ConfigError("a key must be given once, found '\(text)' again", at: key.location)
      }
    }
    guard !merged.isEmpty else { return own }
    for (key, node) in own.entries { merged.entries[key] = node }
    merged.integerKeys.formUnion(own.integerKeys)
    return merged
  }

  private func scalar(_ scalar: Node.Scalar, _ node: Node, at location: SourceLocation?) throws(ConfigError)
    -> ConfigValue
  {
    let tag = scalar.tag.description
    if tag.hasSuffix(":str") && scalar.style != .plain || tag == "!" { return .string(scalar.string) }
    guard scalar.style == .plain else { return .string(scalar.string) }
    let value = YAMLReader.plain(scalar.string)
    if case nil = value {
      throw ConfigError("a whole number must fit 64 bits, found \(scalar.string.prefix(40))", at: location)
    }
    return value ?? .none
  }

  /// The value of a scalar without quotes; `nil` for a whole number of more than 64 bits.
  static func plain(_ text: String) -> ConfigValue? {
    switch text {
    case "", "~", "null", "Null", "NULL": return ConfigValue.none
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
    case ".nan", ".NaN", ".NAN": return .float(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
    default: break
    }
    guard let first = text.utf8.first, (48...57).contains(first) || [43, 45, 46].contains(first) else {
      return .string(text)
    }
    let digits = text.replacing("_", with: ""), sign = digits.hasPrefix("-") ? "-" : ""
    let unsigned = digits.hasPrefix("-") || digits.hasPrefix("+") ? String(digits.dropFirst()) : digits
    func whole(_ digits: some StringProtocol, _ radix: Int) -> ConfigValue? {
      Int(sign + digits, radix: radix).map(ConfigValue.int)
    }
    if unsigned.wholeMatch(of: /0b[01]+/) != nil { return whole(unsigned.dropFirst(2), 2) }
    if unsigned.wholeMatch(of: /0x[0-9a-fA-F]+/) != nil { return whole(unsigned.dropFirst(2), 16) }
    if unsigned.wholeMatch(of: /0[0-7]+/) != nil { return whole(unsigned.dropFirst(), 8) }
    if unsigned.wholeMatch(of: /0|[1-9][0-9]*/) != nil { return whole(unsigned, 10) }
    if unsigned.wholeMatch(of: /[0-9]+\.[0-9]*([eE][+-][0-9]+)?|\.[0-9]+([eE][+-][0-9]+)?/) != nil {
      return .float(strtod(digits, nil))
    }
    return .string(text)
  }
}
