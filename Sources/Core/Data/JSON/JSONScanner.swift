/// Reads a JSON file of any size from front to back, value by value, without making a tree of it.
///
/// What is not asked for is skipped, checked only as far as skipping needs. The language is the one that Python's `json`
/// reads: `NaN` and `Infinity` are numbers, of equal keys the last one counts (they all arrive here).
///
/// ```swift
/// var scanner = try JSONScanner(path: "instances.json")
/// try scanner.object { key, scanner in
///   if key == "images" { try scanner.array { scanner in ... } } else { try scanner.skip() }
/// }
/// try scanner.finish()
/// ```
public struct JSONScanner: Sendable {
  /// What a value is.
  public enum Kind: String, Sendable {
    case object, array, string, number, bool, null
  }

  /// Objects and arrays inside one another.
  public static let depthLimit = 256

  let bytes: [UInt8]
  public let file: String
  public private(set) var position = 0
  private var depth = 0

  /// - Parameter file: the name for messages.
  public init(_ bytes: [UInt8], file: String) {
    (self.bytes, self.file) = (bytes, file)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// - Throws: `DataError` when the file cannot be read.
  public init(path: String, limit: Int = 1 << 33) throws {
    self.init(try DataFile.read(path, limit: limit), file: path)
  }

  // MARK: Values

  /// What comes next.
  public mutating func kind() throws -> Kind {
    skipSpace()
    guard position < bytes.count else { throw mistake("a value, found the end of the file") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "N"), UInt8(ascii: "I"):
      return .number
    default: throw mistake("a value, found \(shown)")
    }
  }

  /// The members of an object in their order; `member` must read or skip the value.
  public mutating func object(_ member: (String, inout JSONScanner) throws -> Void) throws {
    try open(.object)
    skipSpace()
    if take(UInt8(ascii: "}")) { return depth -= 1 }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw mistake("a key in quotation marks, found \(shown)")
      }
      let key = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw mistake("':' behind a key, found \(shown)") }
      try member(key, &self)
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw mistake("',' or '}', found \(shown)") }
      return depth -= 1
    }
  }

  /// The elements of an array in their order; `element` must read or skip each.
  public mutating func array(_ element: (inout JSONScanner) throws -> Void) throws {
    try open(.array)
    skipSpace()
    if take(UInt8(ascii: "]")) { return depth -= 1 }
    while true {
      skipSpace()
      try element(&self)
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw mistake("',' or ']', found \(shown)") }
      return depth -= 1
    }
  }

  /// The numbers of an array, added to `values`.
  public mutating func numbers(into values: inout [Double]) throws {
    try open(.array)
    skipSpace()
    if take(UInt8(ascii: "]")) { return depth -= 1 }
    while true {
      values.append(try double())
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw mistake("',' or ']', found \(shown)") }
      return depth -= 1
    }
  }

  /// A number; a truth value counts as 0 or 1, as in Python.
  public mutating func double() throws -> Double {
    switch try kind() {
    case .number: return try number().value
    case .bool: return try bool() ? 1 : 0
    case let other: throw mistake("a number, found \(article(other))")
    }
  }

  /// A whole number; also `3.0`, and a truth value as 0 or 1.
  public mutating func int() throws -> Int {
    switch try kind() {
    case .number:
      let start = position
      let number = try number()
      if let exact = number.integer { return exact }
      guard number.value.rounded() == number.value, abs(number.value) < 0x1p53 else {
        position = start
        throw mistake("a whole number, found \(number.value)")
      }
      return Int(number.value)
    case .bool: return try bool() ? 1 : 0
    case let other: throw mistake("a whole number, found \(article(other))")
    }
  }

  public mutating func bool() throws -> Bool {
    if skip(word: "true") { return true }
    if skip(word: "false") { return false }
    if try kind() == .number { return try double() != 0 }
    throw mistake("true or false, found \(shown)")
  }

  /// Whether the next value is `null`, which is then read.
  public mutating func null() throws -> Bool {
    guard try kind() == .null else { return false }
    guard skip(word: "null") else { throw mistake("a value, found \(shown)") }
    return true
  }

  public mutating func string() throws -> String {
    guard try kind() == .string else { throw mistake("a string, found \(article(try kind()))") }
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\")
    {
      position += 1
    }
    guard position < bytes.count else {
      throw mistake("'\"' at the end of a string, found the end of the file")
    }
    guard bytes[position] == UInt8(ascii: "\\") else {
      defer { position += 1 }
      return try text(bytes[start..<position])
    }
    return try escapedString(from: start)
  }

  /// Passes over a value.
  public mutating func skip() throws {
    switch try kind() {
    case .object: try object { _, scanner in try scanner.skip() }
    case .array: try array { scanner in try scanner.skip() }
    case .string: _ = try string()
    case .number: _ = try number()
    case .bool: _ = try bool()
    case .null: _ = try null()
    }
  }

  /// Checks that nothing follows.
  public mutating func finish() throws {
    skipSpace()
    guard position == bytes.count else { throw mistake("nothing after the value, found \(shown)") }
  }

  // MARK: Errors

  /// An error at a place of the file: its line.
  public func error(_ text: String, at place: Int? = nil) -> DataError {
    let end = min(place ?? position, bytes.count)
    var line = 1
    for index in 0..<end where bytes[index] == 10 { line += 1 }
    return DataError(text, file: file, line: line)
  }

  private func mistake(_ expected: String) -> DataError {
    error("must be JSON: expected \(expected) (byte \(position + 1))")
  }

  private var shown: String {
    guard position < bytes.count else { return "the end of the file" }
    return "'\(String(decoding: bytes[position..<min(position + 12, bytes.count)], as: UTF8.self))'"
  }

  private func article(_ kind: Kind) -> String {
    switch kind {
    case .object, .array: "an \(kind.rawValue)"
    case .null: "null"
    default: "a \(kind.rawValue)"
    }
  }
}

extension JSONScanner {
  private mutating func open(_ kind: Kind) throws {
    let found = try self.kind()
    guard found == kind else { throw mistake("\(article(kind)), found \(article(found))") }
    guard depth < Self.depthLimit else { throw error("at most \(Self.depthLimit) values inside one another") }
    depth += 1
    position += 1
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 32, 9, 10, 13: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skip(word: StaticString) -> Bool {
    skipSpace()
    let count = word.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for offset in 0..<count where bytes[position + offset] != word.utf8Start[offset] { return false }
    position += count
    return true
  }

  /// A number, and as a whole one where it is written as such and fits.
  private mutating func number() throws -> (value: Double, integer: Int?) {
    if skip(word: "NaN") { return (.nan, nil) }
    if skip(word: "Infinity") { return (.infinity, nil) }
    if skip(word: "-Infinity") { return (-.infinity, nil) }
    let start = position
    let isNegative = take(UInt8(ascii: "-"))
    let whole = position
    // The digits as one number, as long as they fit, and the power of ten that goes with it.
    var (digits, count, scale) = (UInt64(0), 0, 0)
    while position < bytes.count, case let digit = bytes[position] &- 48, digit < 10 {
      if count < 19 { digits = digits &* 10 &+ UInt64(digit) }
      count += 1
      position += 1
    }
    guard position > whole else { throw mistake("a number, found \(shown)") }
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      let point = position
      while position < bytes.count, case let digit = bytes[position] &- 48, digit < 10 {
        if count < 19 { (digits, scale) = (digits &* 10 &+ UInt64(digit), scale - 1) }
        count += 1
        position += 1
      }
      guard position > point else { throw mistake("digits behind '.', found \(shown)") }
    }
    if position < bytes.count, bytes[position] | 32 == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
      let exponent = position
      while position < bytes.count, case let digit = bytes[position] &- 48, digit < 10 { position += 1 }
      guard position > exponent else { throw mistake("an exponent, found \(shown)") }
      return (converted(start..<position), nil)
    }
    // Exact: both numbers are, and one division rounds once.
    if digits < 1 << 53, count <= 19, scale >= -22 {
      let value = scale == 0 ? Double(digits) : Double(digits) / Self.powers[-scale]
      let signed = isNegative ? -Int(digits) : Int(digits)
      return (isNegative ? -value : value, isWhole ? signed : nil)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    return (Double(text) ?? 0, isWhole ? Int(text) : nil)
  }

  private func converted(_ range: Range<Int>) -> Double {
    Double(String(decoding: bytes[range], as: UTF8.self)) ?? 0
  }

  /// 10 to the power of 0...22, all exact.
  private static let powers: [Double] = (0..<22).reduce(into: [1]) { powers, _ in
    powers.append(powers[powers.count - 1] * 10)
  }

  private func text(_ slice: ArraySlice<UInt8>) throws -> String {
    guard let text = String(validating: slice, as: UTF8.self) else { throw mistake("text in UTF-8") }
    return text
  }

  private mutating func escapedString(from start: Int) throws -> String {
    position = start
    var units: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return try text(units[...]) }
      guard byte == UInt8(ascii: "\\") else {
        units.append(byte)
        continue
      }
      guard position < bytes.count else { break }
      let code = bytes[position]
      position += 1
      switch code {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(code)
      case UInt8(ascii: "b"): units.append(8)
      case UInt8(ascii: "f"): units.append(12)
      case UInt8(ascii: "n"): units.append(10)
      case UInt8(ascii: "r"): units.append(13)
      case UInt8(ascii: "t"): units.append(9)
      case UInt8(ascii: "u"): units.append(contentsOf: Array(String(Character(try unicodeEscape())).utf8))
      default:
        position -= 2
        throw mistake("an escape such as '\\n', found \(shown)")
      }
    }
    throw mistake("'\"' at the end of a string, found the end of the file")
  }

  /// What `\uXXXX`, or two of them, stand for; half a pair becomes U+FFFD.
  private mutating func unicodeEscape() throws -> Unicode.Scalar {
    let high = try hexDigits()
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard high < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { return "\u{FFFD}" }
    let back = position
    position += 2
    let low = try hexDigits()
    guard (0xDC00...0xDFFF).contains(low) else {
      position = back
      return "\u{FFFD}"
    }
    return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
  }

  private mutating func hexDigits() throws -> UInt32 {
    guard position + 4 <= bytes.count,
      let value = UInt32(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
    else { throw mistake("four hexadecimal digits behind '\\u', found \(shown)") }
    position += 4
    return value
  }
}
