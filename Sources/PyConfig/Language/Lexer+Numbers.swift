import Foundation

extension Lexer {
  /// A whole number (decimal, `0x`, `0o`, `0b`) or a float, `_` between digits allowed.
  mutating func readNumber() throws(ConfigError) {
    let start = position
    while position < end {
      let byte = peek()
      let isExponentSign =
        (byte == 43 || byte == 45) && (bytes[position - 1] | 32) == 101
        && (bytes[start..<position].count < 2
          || (bytes[start + 1] | 32) != 120)
      guard
        byte == 46 || byte == 95 || byte >= 128 || isExponentSign || (48...57).contains(byte)
          || (65...90).contains(byte & ~32)
      else { break }
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    switch PythonNumber(literal: text) {
    case .int(let value): add(.int(value), at: start)
    case .float(let value): add(.float(value), at: start)
    case .tooLarge:
      throw fail("a whole number must fit 64 bits, found \(text.prefix(40)); write it as a float", at: start)
    case nil:
      if (text.last == "j" || text.last == "J"), PythonNumber(literal: String(text.dropLast())) != nil {
        throw fail(
          "a number must be an int or a float, found the complex number \(text.prefix(40))", at: start)
      }
      throw fail(
        "a number must be written as in 12, 1_000, 0xff, 1.5 or 1e-3, found \(text.prefix(40))", at: start)
    }
  }
}

/// Python's number syntax.
enum PythonNumber: Equatable {
  case int(Int)
  case float(Double)
  case tooLarge

  /// A literal of a config.
  init?(literal text: String) {
    let lower = text.lowercased()
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where lower.hasPrefix(prefix) {
      guard let digits = Self.withoutUnderscores(String(lower.dropFirst(2)), allowLeading: true),
        digits.unicodeScalars.allSatisfy({ Int(String($0), radix: radix) != nil })
      else { return nil }
      self = Int(digits, radix: radix).map { .int($0) } ?? .tooLarge
      return
    }
    guard let digits = Self.withoutUnderscores(lower) else { return nil }
    if Self.isDigits(digits) {
      if digits.utf8.first == 48, digits.utf8.contains(where: { $0 != 48 }) { return nil }
      self = Int(digits).map { .int($0) } ?? .tooLarge
      return
    }
    guard let value = Self.decimal(digits) else { return nil }
    self = .float(value)
  }

  /// What `int(text)` gives, or `nil` for `ValueError`.
  init?(int text: String) {
    var rest = Substring(text.trimmingCharacters(in: .whitespacesAndNewlines))
    let isNegative = rest.first == "-"
    if isNegative || rest.first == "+" { rest = rest.dropFirst() }
    guard let digits = Self.withoutUnderscores(String(rest)), Self.isDigits(digits) else { return nil }
    self = Int((isNegative ? "-" : "") + digits).map { .int($0) } ?? .tooLarge
  }

  /// What `float(text)` gives, or `nil` for `ValueError`.
  static func float(_ text: String) -> Double? {
    var rest = Substring(text.trimmingCharacters(in: .whitespacesAndNewlines)).lowercased()[...]
    let isNegative = rest.first == "-"
    if isNegative || rest.first == "+" { rest = rest.dropFirst() }
    let value: Double? =
      switch rest {
      case "inf", "infinity": .infinity
      case "nan": .nan
      default: withoutUnderscores(String(rest)).flatMap(decimal)
      }
    return value.map { isNegative ? -$0 : $0 }
  }

  private static func isDigits(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
  }

  /// Removes `_`, each of which must stand between two digits.
  private static func withoutUnderscores(_ text: String, allowLeading: Bool = false) -> String? {
    guard text.utf8.contains(95) else { return text }
    let bytes = Array(text.utf8)
    func isDigit(_ i: Int) -> Bool {
      bytes.indices.contains(i)
        && ((48...57).contains(bytes[i]) || (allowLeading && (97...102).contains(bytes[i])))
    }
    for (i, byte) in bytes.enumerated() where byte == 95 {
      guard isDigit(i + 1), isDigit(i - 1) || (allowLeading && i == 0) else { return nil }
    }
    return text.replacing("_", with: "")
  }

  /// `12`, `1.`, `.5`, `1e5`, `1.5e-3`.
  private static func decimal(_ text: String) -> Double? {
    let parts = text.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
    let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard mantissa.contains(where: { !$0.isEmpty }),
      mantissa.allSatisfy({ $0.isEmpty || isDigits(String($0)) })
    else { return nil }
    if parts.count == 2 {
      var exponent = parts[1]
      if exponent.first == "+" || exponent.first == "-" { exponent = exponent.dropFirst() }
      guard isDigits(String(exponent)) else { return nil }
    }
    return strtod(text, nil)
  }
}
