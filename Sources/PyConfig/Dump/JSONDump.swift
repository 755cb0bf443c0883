import OrderedCollections

/// JSON as Python's `json.dumps` writes it: one line, ASCII, `NaN` and `Infinity` where a float is not finite.
enum JSONDump {
  static func text(of node: ConfigNode) -> String {
    var text = ""
    write(node, to: &text)
    return text
  }

  private static func write(_ node: ConfigNode, to text: inout String) {
    switch node.value {
    case .none: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += String(value)
    case .float(let value):
      text +=
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : pythonRepr(value)
    case .string(let value): write(value, to: &text)
    case .list(let items), .tuple(let items):
      text += "["
      for (index, item) in items.enumerated() {
        if index > 0 { text += ", " }
        write(item, to: &text)
      }
      text += "]"
    case .dictionary(let dictionary):
      text += "{"
      for (index, (key, value)) in dictionary.entries.enumerated() {
        if index > 0 { text += ", " }
        write(key, to: &text)
        text += ": "
        write(value, to: &text)
      }
      text += "}"
    }
  }

  static func write(_ string: String, to text: inout String) {
    text += "\""
    for unit in string.utf16 {
      switch unit {
      case 34: text += "\\\""
      case 92: text += "\\\\"
      case 8: text += "\\b"
      case 9: text += "\\t"
      case 10: text += "\\n"
      case 12: text += "\\f"
      case 13: text += "\\r"
      case 32..<127: text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let hex = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      }
    }
    text += "\""
  }
}
