import Foundation

/// Python's format specification: `[[fill]align][sign][#][0][width][,][.precision][type]`.
struct FormatSpec {
  var fill: Unicode.Scalar = " "
  var align: Unicode.Scalar?
  var sign: Unicode.Scalar = "-"
  var isAlternate = false
  var width = 0
  var grouping: Unicode.Scalar?
  var precision: Int?
  var type: Unicode.Scalar?

  init() {}

  /// `nil` if the text isn't of that form; widths and precisions are at most 1000.
  init?(_ text: String) {
    var rest = Array(text.unicodeScalars)[...]
    func isAlign(_ scalar: Unicode.Scalar?) -> Bool {
      scalar.map { "<>=^".unicodeScalars.contains($0) } ?? false
    }
    if rest.count > 1, isAlign(rest.dropFirst().first) {
      (fill, align) = (rest[rest.startIndex], rest[rest.startIndex + 1])
      rest = rest.dropFirst(2)
    } else if isAlign(rest.first) {
      align = rest.removeFirst()
    }
    if let first = rest.first, "+- ".unicodeScalars.contains(first) { sign = rest.removeFirst() }
    if rest.first == "#" {
      isAlternate = true
      rest.removeFirst()
    }
    if rest.first == "0" {
      if align == nil { (fill, align) = ("0", "=") }
      rest.removeFirst()
    }
    func number() -> Int? {
      let digits = rest.prefix { (48...57).contains($0.value) }
      rest = rest.dropFirst(digits.count)
      return Int(String(String.UnicodeScalarView(digits)))
    }
    width = number() ?? 0
    if rest.first == "," || rest.first == "_" { grouping = rest.removeFirst() }
    if rest.first == "." {
      rest.removeFirst()
      guard let given = number() else { return nil }
      precision = given
    }
    if let last = rest.first { type = last }
    guard rest.count <= 1, width <= 1000, precision ?? 0 <= 1000 else { return nil }
  }

  func pad(_ text: String, numeric: Bool) -> String {
    let missing = width - text.unicodeScalars.count
    guard missing > 0 else { return text }
    func fills(_ count: Int) -> String { String(String.UnicodeScalarView(repeatElement(fill, count: count))) }
    switch align ?? (numeric ? ">" : "<") {
    case "<": return text + fills(missing)
    case "^": return fills(missing / 2) + text + fills(missing - missing / 2)
    case "=":
      let signs = text.prefix { "+- ".contains($0) }
      return signs + fills(missing) + text.dropFirst(signs.count)
    default: return fills(missing) + text
    }
  }

  private func signed(_ digits: String, isNegative: Bool) -> String {
    (isNegative ? "-" : sign == "-" ? "" : String(sign)) + digits
  }

  private func grouped(_ digits: String) -> String {
    guard let grouping else { return digits }
    let whole = digits.prefix { $0.isNumber }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { result.unicodeScalars.append(grouping) }
      result.append(digit)
    }
    return result + digits.dropFirst(whole.count)
  }

  func format(_ text: String) -> String? {
    guard type == nil || type == "s", align != "=", grouping == nil, sign == "-" else { return nil }
    guard let precision else { return pad(text, numeric: false) }
    return pad(String(text.unicodeScalars.prefix(precision)), numeric: false)
  }

  func format(_ value: Int) -> String? {
    let radix: (radix: Int, prefix: String)
    switch type {
    case nil, "d": radix = (10, "")
    case "b": radix = (2, "0b")
    case "o": radix = (8, "0o")
    case "x", "X": radix = (16, "0x")
    case "c", "s": return nil
    default: return format(Double(value))
    }
    guard precision == nil else { return nil }
    let digits = String(value.magnitude, radix: radix.radix, uppercase: type == "X")
    return pad(
      signed((isAlternate ? radix.prefix : "") + grouped(digits), isNegative: value < 0), numeric: true)
  }

  func format(_ value: Double) -> String? {
    let magnitude = value.magnitude, isNegative = value.sign == .minus && !value.isNaN
    var digits: String
    if !value.isFinite {
      digits = pythonRepr(magnitude) + (type == "%" ? "%" : "")
    } else {
      switch type {
      case "f", "F": digits = String(format: "%.\(precision ?? 6)f", magnitude)
      case "e", "E": digits = String(format: "%.\(precision ?? 6)\(type ?? "e")", magnitude)
      case "g", "G", "n": digits = String(format: "%.\(precision ?? 6)\(type == "G" ? "G" : "g")", magnitude)
      case "%": digits = String(format: "%.\(precision ?? 6)f", magnitude * 100) + "%"
      case nil:
        if let precision {
          digits = String(format: "%.\(precision)g", magnitude)
          if !digits.contains(where: { ".en".contains($0) }) { digits += ".0" }
        } else {
          digits = pythonRepr(magnitude)
        }
      default: return nil
      }
    }
    return pad(signed(grouped(digits), isNegative: isNegative), numeric: true)
  }
}
