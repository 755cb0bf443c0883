import Foundation
import OrderedCollections

/// Reads JSON as Python's `json` does (`NaN` and `Infinity` too), with places.
struct JSONReader {
  private let source: SourceText
  private let limits: ConfigLimits
  private var position = 0
  private var count = 0
  private var bytes: [UInt8] { source.bytes }

  static func read(_ text: String, name: String, limits: ConfigLimits) throws(ConfigError) -> ConfigNode {
    var reader = JSONReader(source: SourceText(text, name: name), limits: limits)
    let node = try reader.value(depth: 1)
    reader.skipBlanks()
    guard reader.position == reader.bytes.count else {
      throw reader.unexpected("the end of the file must follow the value")
    }
    return node
  }

  private init(source: SourceText, limits: ConfigLimits) { (self.source, self.limits) = (source, limits) }

  private var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

  private func fail(_ message: String) -> ConfigError { ConfigError(message, at: source.location(position)) }

  private func unexpected(_ rule: String) -> ConfigError {
    guard position < bytes.count else { return fail("\(rule), found the end of the file") }
    let rest = String(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self)
    return fail("\(rule), found \(rest.first.map { pythonRepr(String($0)) } ?? "nothing")")
  }

  private mutating func skipBlanks() {
    while [32, 9, 10, 13].contains(byte) { position += 1 }
  }

  private mutating func value(depth: Int) throws(ConfigError) -> ConfigNode {
    skipBlanks()
    count += 1
    guard depth <= limits.nesting else {
      throw fail("at most \(limits.nesting) brackets may lie inside one another, found more")
    }
    guard count <= limits.values else {
      throw fail("a config must have at most \(limits.values) values, found more")
    }
    let location = source.location(position)
    switch byte {
    case 123: return ConfigNode(try dictionary(depth: depth), at: location)
    case 91: return ConfigNode(try list(depth: depth), at: location)
    case 34: return ConfigNode(.string(try string()), at: location)
    default: break
    }
    let words: [(String, ConfigValue)] = [
      ("null", .none), ("true", .bool(true)), ("false", .bool(false)), ("NaN", .float(.nan)),
      ("Infinity", .float(.infinity)), ("-Infinity", .float(-.infinity)),
    ]
    for (word, value) in words where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return ConfigNode(value, at: location)
    }
    return ConfigNode(try number(), at: location)
  }

  private mutating func dictionary(depth: Int) throws(ConfigError) -> ConfigValue {
    var entries: OrderedDictionary<String, ConfigNode> = [:]
    position += 1
    skipBlanks()
    while byte != 125 {
      guard byte == 34 else { throw unexpected("a key in double quotes must stand here") }
      let key = try string()
      skipBlanks()
      guard byte == 58 else { throw unexpected("':' must follow a key") }
      position += 1
      entries[key] = try value(depth: depth + 1)
      skipBlanks()
      guard byte == 44 else { break }
      position += 1
      skipBlanks()
      guard byte == 34 else { throw unexpected("a key in double quotes must follow ','") }
    }
    guard byte == 125 else { throw unexpected("',' or '}' must follow a value") }
    position += 1
    return .dictionary(ConfigDictionary(entries))
  }

  private mutating func list(depth: Int) throws(ConfigError) -> ConfigValue {
    var items: [ConfigNode] = []
    position += 1
    skipBlanks()
    while byte != 93 {
      items.append(try value(depth: depth + 1))
      skipBlanks()
      guard byte == 44 else { break }
      position += 1
      skipBlanks()
      guard byte != 93 else { throw unexpected("a value must follow ','") }
    }
    guard byte == 93 else { throw unexpected("',' or ']' must follow a value") }
    position += 1
    return .list(items)
  }

  private mutating func number() throws(ConfigError) -> ConfigValue {
    let start = position
    while position < bytes.count, (48...57).contains(byte) || [43, 45, 46, 69, 101].contains(byte) {
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil else {
      position = start
      throw unexpected("a JSON value must stand here")
    }
    if !text.contains(where: { ".eE".contains($0) }) {
      guard let value = Int(text) else {
        position = start
        throw fail("a whole number must fit 64 bits, found \(text.prefix(40))")
      }
      return .int(value)
    }
    return .float(strtod(text, nil))
  }

  private mutating func string() throws(ConfigError) -> String {
    var units: [UInt16] = [], start = position + 1
    position += 1
    while byte != 34 {
      guard position < bytes.count, byte >= 32 else {
        throw unexpected("a string must be closed on its line")
      }
      guard byte == 92 else {
        position += 1
        continue
      }
      units += String(decoding: bytes[start..<position], as: UTF8.self).utf16
      position += 1
      let simple: [UInt8: UInt16] = [34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9]
      if let unit = simple[byte] {
        units.append(unit)
        position += 1
      } else if byte == 117, position + 4 < bytes.count,
        let unit = UInt16(String(decoding: bytes[position + 1...position + 4], as: UTF8.self), radix: 16)
      {
        units.append(unit)
        position += 5
      } else {
        throw unexpected("an escape must be one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX")
      }
      start = position
    }
    units += String(decoding: bytes[start..<position], as: UTF8.self).utf16
    position += 1
    return String(decoding: units, as: UTF16.self)
  }
}
