/// Turns tokens into statements; see `Parser+Expressions.swift` for expressions.
struct Parser {
  let source: SourceText
  let limits: ConfigLimits
  let tokens: [Token]
  var index = 0
  /// Expressions and blocks that we are inside of.
  var depth: Int
  private var loops = 0

  static let allowed =
    "a config may hold assignments, expressions, for, if, del, pass and imports of os.path, math and copy"

  init(_ source: SourceText, range: Range<Int>? = nil, depth: Int = 0, limits: ConfigLimits)
    throws(ConfigError)
  {
    (self.source, self.limits, self.depth) = (source, limits, depth)
    tokens = try Lexer.tokens(of: source, range: range, limits: limits)
  }

  static func statements(of source: SourceText, limits: ConfigLimits) throws(ConfigError) -> [Statement] {
    var parser = try Parser(source, limits: limits)
    var statements: [Statement] = []
    while parser.token.kind != .end { try parser.readLine(into: &statements) }
    return statements
  }

  // MARK: Tokens

  var token: Token { tokens[index] }
  func isSymbol(_ symbol: String) -> Bool { tokens[index].kind == .symbol(symbol) }
  func isKeyword(_ word: String) -> Bool { tokens[index].kind == .keyword(word) }
  mutating func advance() { if index < tokens.count - 1 { index += 1 } }

  mutating func skip(symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func skip(keyword: String) -> Bool {
    guard isKeyword(keyword) else { return false }
    advance()
    return true
  }

  func fail(_ message: String, at offset: Int) -> ConfigError {
    ConfigError(message, at: source.location(offset))
  }

  /// An error at the current token: what `rule` asks for, what stands there.
  func unexpected(_ rule: String) -> ConfigError { fail("\(rule), found \(token.text)", at: token.at) }

  mutating func expect(symbol: String, _ rule: @autoclosure () -> String) throws(ConfigError) {
    guard skip(symbol: symbol) else { throw unexpected(rule()) }
  }

  mutating func deeper() throws(ConfigError) {
    depth += 1
    guard depth <= limits.nesting else {
      throw fail("at most \(limits.nesting) levels may lie inside one another, found more", at: token.at)
    }
  }

  // MARK: Statements

  private mutating func readLine(into statements: inout [Statement]) throws(ConfigError) {
    if case .indent = token.kind {
      throw fail("a line must start where its block does, found it indented", at: token.at)
    }
    if isKeyword("if") {
      statements.append(try readBranch())
    } else if isKeyword("for") {
      statements.append(try readLoop())
    } else {
      repeat {
        if token.kind == .newline { break }
        statements.append(try readSimple())
      } while skip(symbol: ";")
      guard token.kind == .newline else {
        if isSymbol(":") {
          throw fail(
            "'=' must give a value to a name, found ':'; annotations are outside the language", at: token.at)
        }
        throw unexpected("an operator or the end of the line must stand here")
      }
      advance()
    }
  }

  private mutating func readBlock() throws(ConfigError) -> [Statement] {
    try expect(symbol: ":", "':' must stand before a block")
    var body: [Statement] = []
    try deeper()
    defer { depth -= 1 }
    guard token.kind == .newline else {
      if isKeyword("if") || isKeyword("for") { throw unexpected("a block must start on a line of its own") }
      try readLine(into: &body)
      return body
    }
    advance()
    guard token.kind == .indent else { throw unexpected("a block must hold an indented line") }
    advance()
    while token.kind != .dedent, token.kind != .end { try readLine(into: &body) }
    if token.kind == .dedent { advance() }
    return body
  }

  private mutating func readBranch() throws(ConfigError) -> Statement {
    let start = token.at
    var branches: [(condition: Expression, body: [Statement])] = []
    repeat {
      advance()
      let condition = try expression()
      branches.append((condition, try readBlock()))
    } while isKeyword("elif")
    let otherwise = skip(keyword: "else") ? try readBlock() : []
    return Statement(at: start, node: .branch(branches, otherwise: otherwise))
  }

  private mutating func readLoop() throws(ConfigError) -> Statement {
    let start = token.at
    advance()
    let target = try targets()
    guard skip(keyword: "in") else { throw unexpected("'in' must follow the names of a loop") }
    let sequence = try expressions()
    loops += 1
    let body: [Statement]
    do {
      defer { loops -= 1 }
      body = try readBlock()
    }
    let otherwise = skip(keyword: "else") ? try readBlock() : []
    return Statement(at: start, node: .loop(target, sequence, body: body, otherwise: otherwise))
  }

  private mutating func readSimple() throws(ConfigError) -> Statement {
    let start = token.at
    guard case .keyword(let word) = token.kind else { return try readAssignment() }
    switch word {
    case "pass":
      advance()
      return Statement(at: start, node: .pass)
    case "break", "continue":
      guard loops > 0 else { throw fail("'\(word)' must stand in a loop, found it outside", at: start) }
      advance()
      return Statement(at: start, node: word == "break" ? .break : .continue)
    case "del":
      advance()
      let given = try expressions()
      return Statement(at: start, node: .delete([try target(given, "'del'")]))
    case "import", "from": return try readImport()
    case "None", "True", "False", "not": return try readAssignment()
    case "lambda": return try readAssignment()
    default: throw fail("a line must be of the config language, found '\(word)'; \(Self.allowed)", at: start)
    }
  }

  private mutating func readAssignment() throws(ConfigError) -> Statement {
    let start = token.at
    var value = try expressions()
    if case .symbol(let symbol) = token.kind, symbol.count >= 2, symbol.last == "=",
      !["==", "!=", "<=", ">=", ":="].contains(symbol)
    {
      guard ["+=", "-=", "*=", "/=", "//=", "%=", "**="].contains(symbol) else {
        throw unexpected("an assignment must be one of = += -= *= /= //= %= **=")
      }
      let target = try target(value, "'\(symbol)'")
      if case .several = target.node {
        throw fail("'\(symbol)' must change one name or item, found several", at: start)
      }
      advance()
      return Statement(at: start, node: .augmented(target, String(symbol.dropLast()), try expressions()))
    }
    var targets: [Target] = []
    while isSymbol("=") {
      targets.append(try target(value, "'='"))
      advance()
      value = try expressions()
    }
    return Statement(at: start, node: targets.isEmpty ? .expression(value) : .assign(targets, value))
  }

  /// What an expression left of `=` or after `del` stands for.
  func target(_ value: Expression, _ use: String) throws(ConfigError) -> Target {
    switch value.node {
    case .name(let name): return Target(at: value.at, node: .name(name))
    case .tuple(let elements), .list(let elements):
      var targets: [Target] = [], starred: Int?
      for (index, element) in elements.enumerated() {
        if element.isStarred {
          guard starred == nil else {
            throw fail("\(use) may have one starred name, found two", at: element.value.at)
          }
          starred = index
        }
        targets.append(try target(element.value, use))
      }
      return Target(at: value.at, node: .several(targets, starred: starred))
    case .postfix(let base, let steps):
      guard let last = steps.last else { break }
      let container =
        steps.count == 1 ? base : Expression(at: base.at, node: .postfix(base, Array(steps.dropLast())))
      switch last {
      case .subscription(let key, _): return Target(at: value.at, node: .item(container, key))
      case .attribute(let name, let at):
        throw fail("\(use) must be given a name or an item, found an attribute; write ['\(name)']", at: at)
      case .slice(_, _, _, let at):
        throw fail(
          "\(use) must be given a name or an item, found a slice; make a new list of the parts", at: at)
      case .call(_, let at): throw fail("\(use) must be given a name or an item, found a call", at: at)
      }
    default: break
    }
    throw fail(
      "\(use) must be given a name or an item such as x['key'], found another expression", at: value.at)
  }
}
