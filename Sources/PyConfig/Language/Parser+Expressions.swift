extension Parser {
  /// `a, b`: a tuple if there is a comma, else one expression.
  mutating func expressions() throws(ConfigError) -> Expression {
    let start = token.at
    let first = try element()
    guard isSymbol(",") || first.isStarred else { return first.value }
    var elements = [first]
    while skip(symbol: ","), startsExpression { elements.append(try element()) }
    if first.isStarred, elements.count == 1, tokens[index - 1].kind != .symbol(",") {
      throw fail("'*' must stand in a list, a tuple or a call, found it alone", at: start)
    }
    return Expression(at: start, node: .tuple(elements))
  }

  private var startsExpression: Bool {
    switch token.kind {
    case .name, .int, .float, .string: true
    case .keyword(let word): ["None", "True", "False", "not", "lambda"].contains(word)
    case .symbol(let symbol): ["(", "[", "{", "-", "+", "*", "~"].contains(symbol)
    case .newline, .indent, .dedent, .end: false
    }
  }

  private mutating func element() throws(ConfigError) -> Expression.Element {
    let isStarred = skip(symbol: "*")
    return Expression.Element(isStarred: isStarred, value: try isStarred ? binary(.comparison) : expression())
  }

  /// The names of a `for`.
  mutating func targets() throws(ConfigError) -> Target {
    let start = token.at
    var elements: [Expression.Element] = []
    var hasComma = false
    repeat {
      if isKeyword("in") { break }
      let isStarred = skip(symbol: "*")
      elements.append(Expression.Element(isStarred: isStarred, value: try postfix()))
      hasComma = isSymbol(",") || hasComma
    } while skip(symbol: ",")
    guard let first = elements.first else { throw unexpected("a name must follow 'for'") }
    if !hasComma, !first.isStarred { return try target(first.value, "'for'") }
    return try target(Expression(at: start, node: .tuple(elements)), "'for'")
  }

  /// `a if b else c` and everything that binds tighter.
  mutating func expression() throws(ConfigError) -> Expression {
    try deeper()
    defer { depth -= 1 }
    let start = token.at
    let value = try binary(.or)
    if isSymbol(":="), case .name = value.node {
      throw unexpected("a value must be given to a name by a line of its own with '='")
    }
    guard skip(keyword: "if") else { return value }
    let condition = try binary(.or)
    guard skip(keyword: "else") else {
      throw unexpected("'else' must follow the condition of 'a if b else c'")
    }
    let otherwise = try expression()
    return Expression(at: start, node: .conditional(condition: condition, then: value, otherwise: otherwise))
  }

  /// An expression that ends at `if`, as in a comprehension.
  mutating func disjunction() throws(ConfigError) -> Expression { try binary(.or) }

  enum Rank: Int {
    case or, and, not, comparison, sum, product, unary
  }

  /// The operator at the current token, its rank and how many tokens it takes.
  private var binaryOperator: (symbol: String, rank: Rank, length: Int)? {
    switch token.kind {
    case .symbol(let symbol):
      switch symbol {
      case "+", "-": (symbol, .sum, 1)
      case "*", "/", "//", "%": (symbol, .product, 1)
      case "==", "!=", "<", "<=", ">", ">=": (symbol, .comparison, 1)
      default: nil
      }
    case .keyword("or"): ("or", .or, 1)
    case .keyword("and"): ("and", .and, 1)
    case .keyword("in"): ("in", .comparison, 1)
    case .keyword("is"):
      tokens[index + 1].kind == .keyword("not") ? ("is not", .comparison, 2) : ("is", .comparison, 1)
    case .keyword("not"):
      index + 1 < tokens.count && tokens[index + 1].kind == .keyword("in") ? ("not in", .comparison, 2) : nil
    default: nil
    }
  }

  /// Operators of rank `lowest` and above.
  private mutating func binary(_ lowest: Rank) throws(ConfigError) -> Expression {
    let start = token.at
    var left = try operand(lowest)
    while let (symbol, rank, length) = binaryOperator, rank.rawValue >= lowest.rawValue {
      var links: [Expression.Link] = []
      var next: (symbol: String, rank: Rank, length: Int)? = (symbol, rank, length)
      let tighter = Rank(rawValue: rank.rawValue + 1) ?? .unary
      while let now = next, now.rank == rank {
        let at = token.at
        for _ in 0..<now.length { advance() }
        links.append(.init(symbol: now.symbol, at: at, operand: try binary(tighter)))
        next = binaryOperator
      }
      let node: Expression.Node =
        switch rank {
        case .or: .or([left] + links.map(\.operand))
        case .and: .and([left] + links.map(\.operand))
        case .comparison, .not: .comparison(left, links)
        case .sum, .product, .unary: .chain(left, links)
        }
      left = Expression(at: start, node: node)
    }
    return left
  }

  private mutating func operand(_ lowest: Rank) throws(ConfigError) -> Expression {
    guard isKeyword("not") else { return try unary() }
    guard lowest.rawValue <= Rank.not.rawValue else { throw unexpected("a value must stand here") }
    let start = token.at
    advance()
    try deeper()
    defer { depth -= 1 }
    return Expression(at: start, node: .not(try binary(.not)))
  }

  private mutating func unary() throws(ConfigError) -> Expression {
    let start = token.at
    if isSymbol("-") || isSymbol("+") {
      let symbol = isSymbol("-") ? "-" : "+"
      advance()
      try deeper()
      defer { depth -= 1 }
      return Expression(at: start, node: .unary(symbol, try unary()))
    }
    let base = try postfix()
    let at = token.at
    guard skip(symbol: "**") else {
      if case .symbol(let symbol) = token.kind, ["|", "&", "^", "<<", ">>", "@"].contains(symbol) {
        throw unexpected("an operator must be one of + - * / // % ** and the comparisons")
      }
      return base
    }
    try deeper()
    defer { depth -= 1 }
    return Expression(at: start, node: .power(base, try unary(), at: at))
  }

  /// An atom with what follows it: attributes, calls, items, slices.
  mutating func postfix() throws(ConfigError) -> Expression {
    let start = token.at
    let base = try atom()
    var steps: [Expression.Postfix] = []
    while case .symbol(let symbol) = token.kind, symbol == "." || symbol == "(" || symbol == "[" {
      let at = token.at
      advance()
      switch symbol {
      case ".":
        guard case .name(let name) = token.kind else { throw unexpected("a name must follow '.'") }
        steps.append(.attribute(name, at: token.at))
        advance()
      case "(": steps.append(.call(try arguments(), at: at))
      default: steps.append(try subscription(at: at))
      }
    }
    return steps.isEmpty ? base : Expression(at: start, node: .postfix(base, steps))
  }

  private mutating func subscription(at: Int) throws(ConfigError) -> Expression.Postfix {
    var bounds: [Expression?] = [nil]
    var isSlice = false
    while !isSymbol("]") {
      if skip(symbol: ":") {
        isSlice = true
        bounds.append(nil)
      } else {
        guard bounds[bounds.count - 1] == nil else { throw unexpected("']' must close the index") }
        bounds[bounds.count - 1] = try isSlice ? expression() : expressions()
      }
      guard bounds.count <= 3 else { throw unexpected("a slice must have at most three parts") }
    }
    guard isSlice || bounds[0] != nil else { throw unexpected("an index must stand between '[' and ']'") }
    advance()
    guard isSlice else { return .subscription(bounds[0] ?? Expression(at: at, node: .none), at: at) }
    return .slice(bounds[0], bounds[1], bounds.count > 2 ? bounds[2] : nil, at: at)
  }

  private mutating func arguments() throws(ConfigError) -> [Expression.Argument] {
    var arguments: [Expression.Argument] = []
    var names: Set<String> = []
    var onlyKeywords = false
    while !isSymbol(")") {
      let at = token.at
      if skip(symbol: "**") {
        arguments.append(.init(kind: .doubleStarred, value: try expression(), at: at))
        onlyKeywords = true
      } else if skip(symbol: "*") {
        arguments.append(.init(kind: .starred, value: try expression(), at: at))
      } else if case .name(let name) = token.kind, tokens[index + 1].kind == .symbol("=") {
        guard names.insert(name).inserted else {
          throw fail("an argument must be given once, found '\(name)' again", at: at)
        }
        advance()
        advance()
        arguments.append(.init(kind: .keyword(name), value: try expression(), at: at))
        onlyKeywords = true
      } else {
        let value = try expression()
        if isKeyword("for") {
          guard arguments.isEmpty else {
            throw unexpected("a comprehension must be the only argument or in brackets")
          }
          let inner = try comprehension(.generator, key: nil, value: value, at: at)
          arguments.append(.init(kind: .positional, value: inner, at: at))
          break
        }
        if isSymbol("=") {
          throw fail("an argument's name must be an identifier, found another expression before '='", at: at)
        }
        guard !onlyKeywords else {
          throw fail("arguments without a name must stand before those with one, found one after", at: at)
        }
        arguments.append(.init(kind: .positional, value: value, at: at))
      }
      guard skip(symbol: ",") else { break }
    }
    try expect(symbol: ")", "',' or ')' must follow an argument")
    return arguments
  }
}
