/// The part of JSON that a `.safetensors` header uses: objects, arrays, strings and integers of at least 0.
indirect enum HeaderJSON {
  case string(String)
  case integer(Int)
  case array([HeaderJSON])
  /// Members in the order of the text; no name twice.
  case object([(name: String, value: HeaderJSON)])
}

/// A strict parser; it reads the whole of its bytes.
struct HeaderParser {
  private let bytes: [UInt8]
  private var position = 0
  private let place: Place
  private let base: Int
  private let budget: Budget
  private static let maximumDepth = 8

  init(_ bytes: [UInt8], _ place: Place, base: Int, _ budget: Budget) {
    (self.bytes, self.place, self.base, self.budget) = (bytes, place, base, budget)
  }

  mutating func parse() throws(TorchFileError) -> HeaderJSON {
    let value = try value(depth: 0)
    skipSpace()
    if position < bytes.count { throw unexpected("the end of the header") }
    return value
  }

  private func unexpected(_ expected: String) -> TorchFileError {
    let found = position < bytes.count ? "byte \(bytes[position])" : "the end"
    return place.malformed(expected, found: found, at: base + position)
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  /// Skips space and takes the byte if it is the next one.
  private mutating func take(_ byte: Character) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(TorchFileError) -> HeaderJSON {
    try budget.chargeNodes(1, place, at: base + position)
    if depth > Self.maximumDepth { throw unexpected("at most \(Self.maximumDepth) nested values") }
    if take("{") { return .object(try members(depth)) }
    if take("[") { return .array(try items(depth)) }
    if take("\"") { return .string(try string()) }
    guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else {
      throw unexpected("an object, an array, a string or an integer of at least 0")
    }
    return .integer(try integer())
  }

  private mutating func members(_ depth: Int) throws(TorchFileError) -> [(name: String, value: HeaderJSON)] {
    var members: [(name: String, value: HeaderJSON)] = []
    var names: Set<String> = []
    if take("}") { return members }
    repeat {
      guard take("\"") else { throw unexpected("a name in quotes") }
      let start = position
      let name = try string()
      if !names.insert(name).inserted {
        throw place.malformed("each name once", found: "'\(name.prefix(80))' again", at: base + start)
      }
      guard take(":") else { throw unexpected("':'") }
      members.append((name, try value(depth: depth + 1)))
    } while take(",")
    guard take("}") else { throw unexpected("',' or '}'") }
    return members
  }

  private mutating func items(_ depth: Int) throws(TorchFileError) -> [HeaderJSON] {
    var items: [HeaderJSON] = []
    if take("]") { return items }
    repeat { items.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw unexpected("',' or ']'") }
    return items
  }

  private mutating func integer() throws(TorchFileError) -> Int {
    var value = 0
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (product, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = product.addingReportingOverflow(Int(bytes[position] - 0x30))
      if first || second { throw unexpected("an integer below 2^63") }
      value = sum
      position += 1
    }
    if bytes[start] == 0x30 && position > start + 1 { throw unexpected("an integer without leading zeros") }
    if position < bytes.count, [0x2e, 0x65, 0x45].contains(bytes[position]) {
      throw unexpected("an integer")
    }
    return value
  }

  /// The rest of a string whose opening quote was taken.
  private mutating func string() throws(TorchFileError) -> String {
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      if byte == 0x22 {
        guard let text = String(validating: content, as: UTF8.self) else { throw unexpected("text in UTF-8") }
        position += 1
        return text
      }
      if byte < 0x20 { throw unexpected("a string without control characters") }
      position += 1
      if byte == 0x5c { content += try escape() } else { content.append(byte) }
    }
    throw unexpected("a closing quote")
  }

  private mutating func escape() throws(TorchFileError) -> [UInt8] {
    guard position < bytes.count else { throw unexpected("an escaped character") }
    let byte = bytes[position]
    let simple: [UInt8: UInt8] = [
      0x22: 0x22, 0x5c: 0x5c, 0x2f: 0x2f, 0x62: 8, 0x66: 12, 0x6e: 10, 0x72: 13, 0x74: 9,
    ]
    if let plain = simple[byte] {
      position += 1
      return [plain]
    }
    guard byte == UInt8(ascii: "u") else { throw unexpected("an escaped character") }
    position += 1
    var code = try fourDigits()
    if 0xd800..<0xdc00 ~= code, position + 1 < bytes.count, bytes[position] == 0x5c,
      bytes[position + 1] == 0x75
    {
      position += 2
      let low = try fourDigits()
      guard 0xdc00..<0xe000 ~= low else { throw unexpected("a low surrogate") }
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw unexpected("a character") }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func fourDigits() throws(TorchFileError) -> UInt32 {
    guard position + 4 <= bytes.count,
      bytes[position..<position + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw unexpected("four hexadecimal digits") }
    position += 4
    return code
  }
}
