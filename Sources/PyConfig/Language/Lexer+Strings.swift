extension Lexer {
  /// A string literal; `position` is at its quote.
  mutating func readString(prefix: String, start: Int) throws(ConfigError) {
    guard ["", "r", "u", "f", "fr", "rf"].contains(prefix) else {
      let reason =
        prefix.contains("b")
        ? "bytes are outside the config language" : "the prefix must be one of r, u, f, rf"
      throw fail("a string must be text, found the prefix '\(prefix)'; \(reason)", at: start)
    }
    let quote = peek(), isTriple = peek(1) == quote && peek(2) == quote
    position += isTriple ? 3 : 1
    let first = position
    while true {
      guard position < end, isTriple || (peek() != 10 && peek() != 13) else {
        throw fail(
          "a string must be closed, found the end of the \(position < end ? "line" : "file")", at: start)
      }
      if peek() == 92 {
        position += peek(1) == 13 && peek(2) == 10 ? 3 : 2
      } else if peek() == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
        break
      } else {
        position += 1
      }
    }
    let content = first..<position
    position += isTriple ? 3 : 1
    var reader = StringReader(
      source: source, isRaw: prefix.contains("r"), isFormatted: prefix.contains("f"), position: first,
      end: content.upperBound)
    try reader.run(depth: 0)
    add(.string(reader.parts), at: start)
  }
}

/// Reads what stands between the quotes: escapes, the fields of f-strings, base variables.
private struct StringReader {
  let source: SourceText
  let isRaw: Bool
  let isFormatted: Bool
  var position: Int
  let end: Int
  var parts: [StringPart] = []
  private var text: [UInt8] = []

  init(source: SourceText, isRaw: Bool, isFormatted: Bool, position: Int, end: Int) {
    (self.source, self.isRaw, self.isFormatted) = (source, isRaw, isFormatted)
    (self.position, self.end) = (position, end)
  }

  private func fail(_ message: String, at offset: Int) -> ConfigError {
    ConfigError(message, at: source.location(offset))
  }

  private func byte(_ ahead: Int = 0) -> UInt8 { position + ahead < end ? source.bytes[position + ahead] : 0 }

  /// Up to the end or, inside a format spec (`depth` 1), its closing brace.
  mutating func run(depth: Int) throws(ConfigError) {
    while position < end {
      if let (next, path) = SourceText.basePlaceholder(in: source.bytes, at: position), next <= end {
        text += BaseVariable.mark(path).utf8
        position = next
      } else if byte() == 92, !isRaw {
        try readEscape()
      } else if isFormatted, byte() == 123, byte(1) != 123 {
        try readField(depth: depth)
      } else if isFormatted, byte() == 125, depth > 0 {
        break
      } else if isFormatted, byte() == 123 || byte() == 125 {
        guard byte(1) == byte() else {
          throw fail(
            "'}' in an f-string must be written '}}' or close a field, found a single one", at: position)
        }
        text.append(byte())
        position += 2
      } else if byte() == 13, byte(1) == 10 {
        position += 1
      } else {
        text.append(byte())
        position += 1
      }
    }
    flush()
  }

  private mutating func flush() {
    if !text.isEmpty || parts.isEmpty { parts.append(.text(String(decoding: text, as: UTF8.self))) }
    text = []
  }

  private mutating func readEscape() throws(ConfigError) {
    let start = position
    let simple: [UInt8: UInt8] = [
      92: 92, 39: 39, 34: 34, 97: 7, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11,
    ]
    let escaped = byte(1)
    position += 2
    if let value = simple[escaped] {
      text.append(value)
    } else if escaped == 10 {
      return
    } else if escaped == 13 {
      if byte() == 10 { position += 1 }
    } else if (48...55).contains(escaped) {
      var value = UInt32(escaped - 48), digits = 1
      while digits < 3, (48...55).contains(byte()) {
        value = value * 8 + UInt32(byte() - 48)
        digits += 1
        position += 1
      }
      try append(value, at: start)
    } else if let length = [120: 2, 117: 4, 85: 8][escaped] {
      let digits = String(decoding: source.bytes[position..<min(position + length, end)], as: UTF8.self)
      guard digits.utf8.count == length, digits.utf8.allSatisfy({ $0 != 43 && $0 != 45 }),
        let value = UInt32(digits, radix: 16)
      else {
        let form = "\\\(Character(Unicode.Scalar(escaped)))"
        throw fail("\(form) must be followed by \(length) hexadecimal digits, found '\(digits)'", at: start)
      }
      position += length
      try append(value, at: start)
    } else if escaped == 78 {
      throw fail("characters must be given as themselves or as \\uXXXX, found \\N", at: start)
    } else {
      text += [92, escaped]
    }
  }

  private mutating func append(_ value: UInt32, at start: Int) throws(ConfigError) {
    guard let scalar = Unicode.Scalar(value) else {
      let found = String(value, radix: 16)
      throw fail("an escape must name a Unicode character, found \(found)", at: start)
    }
    text += Array(String(Character(scalar)).utf8)
  }

  /// `{expression!conversion:spec}`.
  private mutating func readField(depth: Int) throws(ConfigError) {
    let start = position
    guard depth < 2 else { throw fail("fields may be nested once, found deeper ones", at: start) }
    flush()
    position += 1
    let first = position
    var open = 0, quote: UInt8 = 0
    scan: while true {
      guard position < end else { throw fail("'{' of an f-string must be closed, found its end", at: start) }
      let now = byte()
      if now == 92 {
        throw fail("a field of an f-string must be without '\\', found one", at: position)
      } else if quote != 0 {
        if now == quote { quote = 0 }
      } else {
        switch now {
        case 34, 39: quote = now
        case 40, 91, 123: open += 1
        case 41, 93: open -= 1
        case 125:
          if open == 0 { break scan }
          open -= 1
        case 33 where open == 0 && byte(1) != 61, 58 where open == 0: break scan
        default: break
        }
      }
      position += 1
    }
    let expression = first..<position
    guard !source.bytes[expression].allSatisfy({ $0 == 32 }) else {
      throw fail("a field of an f-string must hold an expression, found nothing", at: start)
    }
    if source.bytes[expression.upperBound - 1] == 61 {
      throw fail("a field of an f-string must hold an expression, found '=' at its end", at: position - 1)
    }
    var conversion: Character?
    if byte() == 33 {
      conversion = Character(Unicode.Scalar(byte(1)))
      guard conversion == "r" || conversion == "s" || conversion == "a", byte(2) == 58 || byte(2) == 125
      else {
        throw fail("'!' must be followed by r, s or a, found another conversion", at: position)
      }
      position += 2
    }
    var spec: [StringPart] = []
    if byte() == 58 {
      var inner = StringReader(
        source: source, isRaw: isRaw, isFormatted: true, position: position + 1, end: end)
      try inner.run(depth: depth + 1)
      (spec, position) = (inner.parts, inner.position)
      guard byte() == 125 else { throw fail("'{' of an f-string must be closed, found its end", at: start) }
    }
    position += 1
    parts.append(.field(expression: expression, conversion: conversion, spec: spec))
  }
}
