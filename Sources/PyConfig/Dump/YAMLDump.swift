import Foundation
import OrderedCollections

/// YAML in block style with the order of keys kept; tuples are marked `!!python/tuple`, as PyYAML does.
enum YAMLDump {
  static func text(of node: ConfigNode) -> String {
    var text = ""
    if let dictionary = node.dictionary, !dictionary.isEmpty {
      write(dictionary, indent: 0, to: &text)
    } else {
      text += inline(node) + "\n"
    }
    return text
  }

  private static func write(_ dictionary: ConfigDictionary, indent: Int, to text: inout String) {
    for (key, value) in dictionary.entries {
      text += String(repeating: " ", count: indent)
      text += (dictionary.integerKeys.contains(key) ? key : quoted(key)) + ":"
      write(value, after: indent, inList: false, to: &text)
    }
  }

  /// A value after `key:` or `-`; `indent` is that of the line it stands on.
  private static func write(_ node: ConfigNode, after indent: Int, inList: Bool, to text: inout String) {
    switch node.value {
    case .dictionary(let dictionary) where !dictionary.isEmpty:
      text += "\n"
      write(dictionary, indent: indent + 2, to: &text)
    case .list(let items) where !items.isEmpty, .tuple(let items) where !items.isEmpty:
      if case .tuple = node.value { text += " !!python/tuple" }
      text += "\n"
      let inner = inList ? indent + 2 : indent
      for item in items {
        text += String(repeating: " ", count: inner) + "-"
        write(item, after: inner, inList: true, to: &text)
      }
    case .none, .bool, .int, .float, .string, .list, .tuple, .dictionary: text += " " + inline(node) + "\n"
    }
  }

  private static func inline(_ node: ConfigNode) -> String {
    switch node.value {
    case .none: "null"
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .float(let value):
      value.isNaN ? ".nan" : value.isInfinite ? (value < 0 ? "-.inf" : ".inf") : float(value)
    case .string(let value): quoted(value)
    case .list: "[]"
    case .tuple: "!!python/tuple []"
    case .dictionary: "{}"
    }
  }

  /// With a point, which YAML 1.1 asks of every float.
  private static func float(_ value: Double) -> String {
    let text = pythonRepr(value)
    guard let e = text.firstIndex(of: "e"), !text.contains(".") else { return text }
    return text[..<e] + ".0" + text[e...]
  }

  /// Plain where that reads back as the same text, else in quotes.
  private static func quoted(_ text: String) -> String {
    let isPlain =
      text.utf8.first.map { isLetter($0) || $0 == 95 || $0 == 47 } ?? false
      && text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || [95, 47, 46, 45, 43].contains($0) }
    if isPlain, case .string = YAMLReader.plain(text) { return text }
    let isSimple = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value < 127 }
    if isSimple { return "'" + text.replacing("'", with: "''") + "'" }
    // JSON's strings are YAML's.
    var result = ""
    if text.unicodeScalars.contains(where: { $0.value > 0xFFFF }) {
      for scalar in text.unicodeScalars {
        if scalar.value > 0xFFFF {
          let hex = String(scalar.value, radix: 16)
          result += "\\U" + String(repeating: "0", count: 8 - hex.count) + hex
        } else {
          var part = ""
          JSONDump.write(String(scalar), to: &part)
          result += part.dropFirst().dropLast()
        }
      }
      return "\"" + result + "\""
    }
    JSONDump.write(text, to: &result)
    return result
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte)
  }
}
