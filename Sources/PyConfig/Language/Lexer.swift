/// Splits a config's text into tokens.
struct Lexer {
  let source: SourceText
  let limits: ConfigLimits
  var bytes: [UInt8] { source.bytes }
  var position: Int
  /// One past the last byte to read.
  let end: Int
  private var brackets: [(symbol: String, at: Int)] = []
  private var indents = [0]
  private(set) var tokens: [Token] = []
  /// Reads an expression inside an f-string: lines don't matter.
  private let isFragment: Bool

  init(_ source: SourceText, range: Range<Int>? = nil, limits: ConfigLimits) {
    (self.source, self.limits) = (source, limits)
    position = range?.lowerBound ?? 0
    end = range?.upperBound ?? source.bytes.count
    isFragment = range != nil
  }

  func fail(_ message: String, at offset: Int) -> ConfigError {
    ConfigError(message, at: source.location(offset))
  }

  func peek(_ ahead: Int = 0) -> UInt8 { position + ahead < end ? bytes[position + ahead] : 0 }

  /// All tokens, the last one `.end`.
  static func tokens(of source: SourceText, range: Range<Int>? = nil, limits: ConfigLimits)
    throws(ConfigError)
    -> [Token]
  {
    var lexer = Lexer(source, range: range, limits: limits)
    try lexer.run()
    return lexer.tokens
  }

  private mutating func run() throws(ConfigError) {
    if source.bytes.starts(with: [0xEF, 0xBB, 0xBF]), position == 0 { position = 3 }
    if !isFragment { try readIndentation() }
    while position < end { try readToken() }
    if let open = brackets.last {
      throw fail(
        "'\(open.symbol)' must be closed, found the end of the \(isFragment ? "field" : "file")", at: open.at)
    }
    if !isFragment {
      if let last = tokens.last, last.kind != .newline { add(.newline, at: end) }
      for _ in indents.dropFirst() { add(.dedent, at: end) }
    }
    add(.end, at: end)
  }

  mutating func add(_ kind: Token.Kind, at offset: Int) { tokens.append(Token(kind: kind, at: offset)) }

  private mutating func readToken() throws(ConfigError) {
    let start = position, byte = peek()
    switch byte {
    case 32, 9, 12: position += 1
    case 35:  // #
      while position < end, peek() != 10 { position += 1 }
    case 13 where peek(1) == 10: position += 1
    case 10, 13:
      position += 1
      guard brackets.isEmpty, !isFragment else { return }
      if let last = tokens.last, last.kind != .newline { add(.newline, at: start) }
      try readIndentation()
    case 92:  // backslash
      let length = peek(1) == 13 && peek(2) == 10 ? 3 : 2
      guard peek(length - 1) == 10 else {
        throw fail("'\\' must end its line, found more after it", at: start)
      }
      position += length
    case 48...57: try readNumber()
    case 46 where (48...57).contains(peek(1)): try readNumber()
    case 34, 39: try readString(prefix: "", start: start)
    default:
      if let (next, path) = SourceText.basePlaceholder(in: bytes, at: position), next <= end {
        position = next
        add(.string([.text(BaseVariable.mark(path))]), at: start)
      } else if try !readWord() {
        try readSymbol()
      }
    }
  }

  private mutating func readIndentation() throws(ConfigError) {
    while position < end {
      let start = position
      var width = 0
      while peek() == 32 || peek() == 9 || peek() == 12 {
        width = peek() == 9 ? (width / 8 + 1) * 8 : peek() == 12 ? 0 : width + 1
        position += 1
      }
      if position >= end { return }
      if peek() == 35 { while position < end, peek() != 10 { position += 1 } }
      if position >= end { return }
      if peek() == 10 || peek() == 13 {
        position += 1
        continue
      }
      try indent(to: width, at: start)
      return
    }
  }

  private mutating func indent(to width: Int, at offset: Int) throws(ConfigError) {
    let current = indents[indents.count - 1]
    if width > current {
      guard indents.count <= limits.nesting else {
        throw fail("at most \(limits.nesting) blocks may lie inside one another, found more", at: offset)
      }
      indents.append(width)
      add(.indent, at: position)
    } else if width < current {
      while indents[indents.count - 1] > width {
        indents.removeLast()
        add(.dedent, at: position)
      }
      guard indents[indents.count - 1] == width else {
        throw fail(
          "a line must be indented as an earlier line of its block, found \(width) blanks", at: position)
      }
    }
  }

  /// A name, a keyword or a string with a prefix.
  private mutating func readWord() throws(ConfigError) -> Bool {
    let start = position
    var text = String.UnicodeScalarView()
    while position < end, let (scalar, length) = scalar(at: position) {
      let properties = scalar.properties
      guard scalar == "_" || (text.isEmpty ? properties.isXIDStart : properties.isXIDContinue) else { break }
      text.append(scalar)
      position += length
    }
    guard !text.isEmpty else { return false }
    let word = String(text)
    if word.utf8.count <= 2, peek() == 34 || peek() == 39 {
      try readString(prefix: word.lowercased(), start: start)
    } else {
      add(Token.keywords.contains(word) ? .keyword(word) : .name(word), at: start)
    }
    return true
  }

  /// The character at an offset and its length in bytes.
  func scalar(at offset: Int) -> (Unicode.Scalar, Int)? {
    let first = bytes[offset]
    if first < 128 { return (Unicode.Scalar(first), 1) }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard offset + length <= end else { return nil }
    let text = String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    return text.unicodeScalars.first.map { ($0, length) }
  }

  private static let symbols: [String] = [
    "**=", "//=", "<<=", ">>=", "...", "**", "//", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "->",
    ":=",
    "&=", "|=", "^=", "@=", "<<", ">>", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "=", "+", "-", "*",
    "/",
    "%", "<", ">", "@", "&", "|", "^", "~",
  ]

  private mutating func readSymbol() throws(ConfigError) {
    let start = position
    let rest = bytes[position..<min(position + 3, end)]
    guard let symbol = Self.symbols.first(where: { rest.starts(with: $0.utf8) }) else {
      let found = scalar(at: position).map { pythonRepr(String($0.0)) } ?? "a broken character"
      throw fail("a value, a name or an operator must stand here, found \(found)", at: start)
    }
    position += symbol.utf8.count
    switch symbol {
    case "(", "[", "{":
      guard brackets.count < limits.nesting else {
        throw fail("at most \(limits.nesting) brackets may lie inside one another, found more", at: start)
      }
      brackets.append((symbol, start))
    case ")", "]", "}":
      let opening = symbol == ")" ? "(" : symbol == "]" ? "[" : "{"
      guard let last = brackets.popLast() else {
        throw fail("'\(symbol)' must close a bracket, found none open", at: start)
      }
      guard last.symbol == opening else {
        let line = source.location(last.at).line
        throw fail("'\(last.symbol)' of line \(line) must be closed, found '\(symbol)'", at: start)
      }
    default: break
    }
    add(.symbol(symbol), at: start)
  }
}
