import Foundation
import PyConfig

/// Numbers and values as Python writes them: logs are read by tools that expect that form.
public enum PythonText {
  /// `repr` of a float: the shortest digits that give it back; exponents below -4 and from 16 on.
  public static func repr(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    // Swift's shortest digits are the same; only the form differs.
    let (digits, exponent) = shortest(abs(value))
    let sign = value.sign == .minus ? "-" : ""
    if exponent < -4 || exponent >= 16 {
      let rest = digits.dropFirst()
      let magnitude = String(abs(exponent))
      let padded = magnitude.count < 2 ? "0" + magnitude : magnitude
      return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "e" + (exponent < 0 ? "-" : "+")
        + padded
    }
    if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
    if digits.count <= exponent + 1 {
      return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count) + ".0"
    }
    return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
  }

  /// The significant digits of a finite value, and the power of ten of the first.
  private static func shortest(_ value: Double) -> (digits: String, exponent: Int) {
    var text = "\(value)"
    var exponent = 0
    if let e = text.firstIndex(of: "e") {
      exponent = Int(text[text.index(after: e)...]) ?? 0
      text = String(text[..<e])
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let whole = parts[0]
    let fraction = parts.count > 1 ? parts[1] : ""
    var digits = Substring(whole + fraction)
    exponent += whole.count - 1
    while digits.first == "0", digits.count > 1 {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.last == "0", digits.count > 1 { digits.removeLast() }
    return (String(digits), digits == "0" ? 0 : exponent)
  }

  /// `json.dumps` of a value: ASCII only, `NaN` and `Infinity` as Python writes them.
  public static func json(_ node: ConfigNode) -> String {
    switch node.value {
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return "\(value)"
    case .float(let value): return json(value)
    case .string(let value): return json(value)
    case .list(let items), .tuple(let items): return "[" + items.map(json).joined(separator: ", ") + "]"
    case .dictionary(let dictionary):
      return "{" + dictionary.entries.map { "\(json($0.key)): \(json($0.value))" }.joined(separator: ", ")
        + "}"
    }
  }

  public static func json(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return repr(value)
  }

  public static func json(_ text: String) -> String {
    var result = "\""
    for unit in text.utf16 {
      switch unit {
      case 0x22: result += "\\\""
      case 0x5C: result += "\\\\"
      case 0x08: result += "\\b"
      case 0x0C: result += "\\f"
      case 0x0A: result += "\\n"
      case 0x0D: result += "\\r"
      case 0x09: result += "\\t"
      case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return result + "\""
  }

  /// `round(value, places)` of a Python float: halves of the exact binary value to even.
  public static func rounded(_ value: Double, _ places: Int) -> Double {
    value.isFinite ? Double(fixed(value, places)) ?? value : value
  }

  /// `round(value, places)` of a numpy float: scaled, rounded to even, scaled back.
  public static func roundedByNumpy(_ value: Double, _ places: Int) -> Double {
    let scale = pow(10, Double(places))
    let scaled = value * scale
    return scaled.isFinite ? scaled.rounded(.toNearestOrEven) / scale : value
  }

  /// Formats as `f'{value:.4f}'`, with `places` for 4.
  public static func fixed(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

  /// Formats as `f'{value:.3e}'`, with `places` for 3.
  public static func scientific(_ value: Double, _ places: Int) -> String {
    String(format: "%.\(places)e", value)
  }

  /// `str(datetime.timedelta(seconds=int(seconds)))`, such as `1 day, 2:03:04`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e14 else { return "\(seconds)" }
    let total = Int(seconds)
    let days = Int((Double(total) / 86400).rounded(.down))
    let rest = total - days * 86400
    let clock = "\(rest / 3600):" + String(format: "%02d:%02d", rest / 60 % 60, rest % 60)
    return days == 0 ? clock : "\(days) day\(abs(days) == 1 ? "" : "s"), \(clock)"
  }

  /// `text` with spaces behind it up to `width`.
  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
