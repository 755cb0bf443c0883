import Core
import Foundation
import OrderedCollections
import PyConfig

/// Golden values beside the script that made them, in `Tests/Fixtures`.
enum Golden {
  /// The path of a fixture.
  static func path(_ name: String, file: String = #filePath) -> String {
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
    return folder.deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)").path
  }

  /// A JSON file, with the order of keys and the difference between 1 and 1.0 kept.
  static func json(_ name: String) throws -> ConfigNode {
    let data = try Data(contentsOf: URL(fileURLWithPath: path(name)))
    var parser = Parser(bytes: [UInt8](data))
    return try parser.value()
  }

  struct Malformed: Error { var at: Int }

  private struct Parser {
    let bytes: [UInt8]
    var at = 0

    mutating func peek() throws -> UInt8 {
      while at < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[at]) { at += 1 }
      guard at < bytes.count else { throw Malformed(at: at) }
      return bytes[at]
    }

    mutating func expect(_ byte: UInt8) throws {
      guard try peek() == byte else { throw Malformed(at: at) }
      at += 1
    }

    mutating func items(_ end: Character, _ body: (inout Parser) throws -> Void) throws {
      guard let end = end.asciiValue else { throw Malformed(at: at) }
      at += 1
      if try peek() == end {
        at += 1
        return
      }
      while true {
        try body(&self)
        if try peek() == end { break }
        try expect(UInt8(ascii: ","))
      }
      at += 1
    }

    mutating func value() throws -> ConfigNode {
      switch try peek() {
      case UInt8(ascii: "{"):
        var entries: OrderedDictionary<String, ConfigNode> = [:]
        try items("}") { parser in
          let key = try parser.string()
          try parser.expect(UInt8(ascii: ":"))
          entries[key] = try parser.value()
        }
        return ConfigNode(.dictionary(ConfigDictionary(entries)))
      case UInt8(ascii: "["):
        var list: [ConfigNode] = []
        try items("]") { list.append(try $0.value()) }
        return ConfigNode(.list(list))
      case UInt8(ascii: "\""): return ConfigNode(.string(try string()))
      default: return try word()
      }
    }

    mutating func string() throws -> String {
      guard try peek() == UInt8(ascii: "\"") else { throw Malformed(at: at) }
      let start = at
      at += 1
      while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
        at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
      }
      at += 1
      return try JSONDecoder().decode([String].self, from: Data("[".utf8 + bytes[start..<at] + "]".utf8))[0]
    }

    mutating func word() throws -> ConfigNode {
      let start = at
      while at < bytes.count, !",]} \n".utf8.contains(bytes[at]) { at += 1 }
      let text = String(decoding: bytes[start..<at], as: UTF8.self)
      switch text {
      case "null": return ConfigNode(.none)
      case "true": return true
      case "false": return false
      default:
        if let value = Int(text) { return ConfigNode(.int(value)) }
        guard let value = Double(text) else { throw Malformed(at: start) }
        return ConfigNode(.float(value))
      }
    }
  }
}

extension ConfigNode {
  /// The numbers of a list.
  var doubles: [Double] { items?.compactMap(\.double) ?? [] }
}
