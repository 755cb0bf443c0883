extension Parser {
  /// A literal, a name or something in brackets.
  mutating func atom() throws(ConfigError) -> Expression {
    let start = token.at
    switch token.kind {
    case .name(let name): return take(.name(name))
    case .int(let value): return take(.int(value))
    case .float(let value): return take(.float(value))
    case .string:
      var parts: [Expression.FormattedPart] = []
      while case .string(let more) = token.kind {
        advance()
        parts += try formatted(more)
      }
      return Expression(at: start, node: .string(parts))
    case .keyword("None"): return take(.none)
    case .keyword("True"): return take(.bool(true))
    case .keyword("False"): return take(.bool(false))
    case .symbol("("): return try round()
    case .symbol("["): return try square()
    case .symbol("{"): return try curly()
    case .symbol("..."), .symbol("~"):
      throw fail(
        "a value must be of the config language, found \(token.text), which is outside it", at: start)
    case .keyword(let word) where ["lambda", "await", "yield"].contains(word):
      throw fail(
        "a value must be of the config language, found '\(word)'; functions can't be defined", at: start)
    case .keyword, .symbol, .newline, .indent, .dedent, .end: throw unexpected("a value must stand here")
    }
  }

  private mutating func take(_ node: Expression.Node) -> Expression {
    defer { advance() }
    return Expression(at: token.at, node: node)
  }

  /// Parses the fields of f-strings and joins neighbouring texts.
  private func formatted(_ parts: [StringPart]) throws(ConfigError) -> [Expression.FormattedPart] {
    var result: [Expression.FormattedPart] = []
    for part in parts {
      switch part {
      case .text(let text): result.append(.text(text))
      case .field(let range, let conversion, let spec):
        var parser = try Parser(source, range: range, depth: depth + 1, limits: limits)
        let value = try parser.expressions()
        guard parser.token.kind == .end else { throw parser.unexpected("'}' must follow the expression") }
        result.append(.field(value, conversion: conversion, spec: try formatted(spec)))
      }
    }
    return result
  }

  private mutating func round() throws(ConfigError) -> Expression {
    let start = token.at
    advance()
    if skip(symbol: ")") { return Expression(at: start, node: .tuple([])) }
    let value = try expressions()
    if isKeyword("for") {
      let inner = try comprehension(.generator, key: nil, value: value, at: start)
      try expect(symbol: ")", "')' must close the comprehension")
      return inner
    }
    try expect(symbol: ")", "',' or ')' must stand here")
    return value
  }

  private mutating func square() throws(ConfigError) -> Expression {
    let start = token.at
    advance()
    if skip(symbol: "]") { return Expression(at: start, node: .list([])) }
    let first = try item()
    if isKeyword("for"), !first.isStarred {
      let inner = try comprehension(.list, key: nil, value: first.value, at: start)
      try expect(symbol: "]", "']' must close the comprehension")
      return inner
    }
    let elements = try items(after: first, closing: "]")
    return Expression(at: start, node: .list(elements))
  }

  private mutating func item() throws(ConfigError) -> Expression.Element {
    let isStarred = skip(symbol: "*")
    return Expression.Element(isStarred: isStarred, value: try expression())
  }

  private mutating func items(after first: Expression.Element, closing: String) throws(ConfigError)
    -> [Expression.Element]
  {
    var elements = [first]
    while skip(symbol: ","), !isSymbol(closing) { elements.append(try item()) }
    try expect(symbol: closing, "',' or '\(closing)' must follow an item")
    return elements
  }

  private mutating func curly() throws(ConfigError) -> Expression {
    let start = token.at
    advance()
    if skip(symbol: "}") { return Expression(at: start, node: .dictionary([])) }
    if !isSymbol("**") {
      let first = try item()
      guard !first.isStarred, skip(symbol: ":") else {
        if isKeyword("for"), !first.isStarred {
          let inner = try comprehension(.set, key: nil, value: first.value, at: start)
          try expect(symbol: "}", "'}' must close the comprehension")
          return inner
        }
        return Expression(at: start, node: .set(try items(after: first, closing: "}")))
      }
      let value = try expression()
      if isKeyword("for") {
        let inner = try comprehension(.dictionary, key: first.value, value: value, at: start)
        try expect(symbol: "}", "'}' must close the comprehension")
        return inner
      }
      return try entries([.init(key: first.value, value: value)], at: start)
    }
    advance()
    return try entries([.init(key: nil, value: try expression())], at: start)
  }

  private mutating func entries(_ first: [Expression.Entry], at start: Int) throws(ConfigError) -> Expression
  {
    var entries = first
    while skip(symbol: ","), !isSymbol("}") {
      if skip(symbol: "**") {
        entries.append(.init(key: nil, value: try expression()))
      } else {
        let key = try expression()
        try expect(symbol: ":", "':' must follow a key")
        entries.append(.init(key: key, value: try expression()))
      }
    }
    try expect(symbol: "}", "',' or '}' must follow an entry")
    return Expression(at: start, node: .dictionary(entries))
  }

  /// The `for` and `if` parts; the current token is the first `for`.
  mutating func comprehension(
    _ kind: Expression.Comprehension.Kind, key: Expression?, value: Expression, at: Int
  )
    throws(ConfigError) -> Expression
  {
    var clauses: [Expression.Clause] = []
    try deeper()
    defer { depth -= 1 }
    while skip(keyword: "for") {
      let target = try targets()
      guard skip(keyword: "in") else { throw unexpected("'in' must follow the names of 'for'") }
      let sequence = try disjunction()
      var conditions: [Expression] = []
      while skip(keyword: "if") { conditions.append(try disjunction()) }
      clauses.append(.init(target: target, sequence: sequence, conditions: conditions))
      guard clauses.count <= 20 else { throw unexpected("a comprehension must have at most 20 'for'") }
    }
    return Expression(
      at: at, node: .comprehension(.init(kind: kind, key: key, value: value, clauses: clauses)))
  }
}
