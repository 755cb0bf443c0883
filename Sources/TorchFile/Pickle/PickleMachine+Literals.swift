/// Numbers and text in their several spellings.
extension PickleMachine {
  func length(_ value: Int) throws(TorchFileError) -> Int {
    if value < 0 { throw malformed("a length of at least 0", "\(value)") }
    return value
  }

  /// The bytes up to the next line feed, which is skipped.
  mutating func line() throws(TorchFileError) -> ArraySlice<UInt8> {
    guard let end = reader.bytes[reader.position...].firstIndex(of: 10) else {
      throw failure(.truncated(needed: reader.left + 1, available: reader.left))
    }
    defer { reader.position = end + 1 }
    return reader.bytes[reader.position..<end]
  }

  mutating func asciiLine() throws(TorchFileError) -> String {
    let bytes = try line()
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw malformed("a name", "\(bytes.count) bytes that are no UTF-8")
    }
    return text
  }

  mutating func lineNumber() throws(TorchFileError) -> Int {
    let text = try asciiLine()
    guard let value = Int(text) else { throw malformed("an integer", "'\(text.prefix(80))'") }
    return value
  }

  mutating func pushDecimal(_ digits: ArraySlice<UInt8>) throws(TorchFileError) {
    let text = String(decoding: digits, as: UTF8.self)
    // INT also spells the truth values.
    if text == "00" { return try push(.bool(false)) }
    if text == "01" { return try push(.bool(true)) }
    if let value = Int(text) { return try push(.int(value)) }
    guard let bytes = Self.twosComplement(digits) else {
      throw malformed("an integer of at most \(Self.maximumDigits) digits", "'\(text.prefix(80))'")
    }
    try push(.big(bytes))
  }

  private static let maximumDigits = 1000

  /// A decimal integer as two's complement, least significant byte first.
  private static func twosComplement(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
    let isNegative = digits.first == UInt8(ascii: "-")
    let magnitude = isNegative ? digits.dropFirst() : digits
    guard !magnitude.isEmpty, magnitude.count <= maximumDigits else { return nil }
    var bytes: [UInt8] = []
    for digit in magnitude {
      guard (0x30...0x39).contains(digit) else { return nil }
      var carry = Int(digit - 0x30)
      for i in bytes.indices {
        carry += 10 * Int(bytes[i])
        bytes[i] = UInt8(truncatingIfNeeded: carry)
        carry >>= 8
      }
      if carry > 0 { bytes.append(UInt8(carry)) }
    }
    if (bytes.last ?? 0) & 0x80 != 0 { bytes.append(0) }
    guard isNegative else { return bytes }
    var carry = 1
    for i in bytes.indices {
      carry += Int(~bytes[i])
      bytes[i] = UInt8(truncatingIfNeeded: carry)
      carry >>= 8
    }
    return bytes
  }

  /// Two's complement of `count` bytes, least significant first.
  mutating func pushInteger(_ count: Int) throws(TorchFileError) {
    var bytes = [UInt8](try reader.take(count))
    let isNegative = (bytes.last ?? 0) & 0x80 != 0
    let sign: UInt8 = isNegative ? 0xff : 0
    while bytes.count > 8 && bytes[bytes.count - 1] == sign
      && (bytes[bytes.count - 2] & 0x80 != 0) == isNegative
    {
      bytes.removeLast()
    }
    if bytes.count > 8 { return try push(.big(bytes)) }
    var value: UInt64 = isNegative ? .max : 0
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    try push(.int(Int(Int64(bitPattern: value))))
  }

  mutating func pushText(_ bytes: ArraySlice<UInt8>) throws(TorchFileError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw malformed("text in UTF-8", "\(bytes.count) other bytes")
    }
    try push(.string(text))
  }

  /// A `str` of Python 2: text where it is UTF-8, else bytes.
  mutating func pushOldString(_ bytes: [UInt8]) throws(TorchFileError) {
    try push(String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(bytes))
  }

  func quoted(_ line: ArraySlice<UInt8>) throws(TorchFileError) -> [UInt8] {
    guard line.count >= 2, let quote = line.first, quote == line.last, quote == 0x27 || quote == 0x22 else {
      throw malformed("a quoted string", "\(line.count) other bytes")
    }
    return unescaped(line.dropFirst().dropLast(), unicode: false)
  }

  /// Undoes Python's backslash escapes; with `unicode`, only `\uXXXX` and `\UXXXXXXXX`, and the rest is Latin-1.
  func unescaped(_ line: ArraySlice<UInt8>, unicode: Bool) -> [UInt8] {
    var result: [UInt8] = []
    var rest = line
    func take(_ count: Int) -> UInt32? {
      let digits = rest.dropFirst(2).prefix(count)
      guard digits.count == count else { return nil }
      return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
    while let byte = rest.first {
      let next = rest.dropFirst().first
      if byte == 0x5c, unicode, next == UInt8(ascii: "u") || next == UInt8(ascii: "U") {
        let count = next == UInt8(ascii: "u") ? 4 : 8
        if let code = take(count), let scalar = Unicode.Scalar(code) {
          result.append(contentsOf: Array(String(Character(scalar)).utf8))
          rest = rest.dropFirst(2 + count)
          continue
        }
      } else if byte == 0x5c, !unicode, let next {
        let simple: [UInt8: UInt8] = [0x5c: 0x5c, 0x27: 0x27, 0x22: 0x22, 0x6e: 10, 0x72: 13, 0x74: 9]
        if let plain = simple[next] {
          result.append(plain)
          rest = rest.dropFirst(2)
          continue
        }
        if next == UInt8(ascii: "x"), let code = take(2) {
          result.append(UInt8(truncatingIfNeeded: code))
          rest = rest.dropFirst(4)
          continue
        }
      }
      if unicode && byte >= 0x80 {
        result.append(contentsOf: Array(String(Character(Unicode.Scalar(byte))).utf8))
      } else {
        result.append(byte)
      }
      rest.removeFirst()
    }
    return result
  }
}
