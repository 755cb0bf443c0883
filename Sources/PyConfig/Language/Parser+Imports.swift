extension Parser {
  /// `import os.path as osp`, `from math import pi`: only of the modules that are built in.
  mutating func readImport() throws(ConfigError) -> Statement {
    let start = token.at
    var bindings: [(name: String, native: PyValue)] = []
    if skip(keyword: "from") {
      let at = token.at
      let module = try readModule()
      guard skip(keyword: "import") else { throw unexpected("'import' must follow the module's name") }
      let isBracketed = skip(symbol: "(")
      repeat {
        if isBracketed, isSymbol(")") { break }
        let name = try readName("a name to import must stand here")
        guard let native = module.member(name) else {
          let hint = hint(name, among: module.members)
          throw fail("an imported name must exist in \(module.rawValue), found '\(name)'\(hint)", at: at)
        }
        let alias = skip(keyword: "as") ? try readName("a name must follow 'as'") : name
        bindings.append((alias, native))
      } while skip(symbol: ",")
      if isBracketed { try expect(symbol: ")", "')' must close the names") }
    } else {
      advance()
      repeat {
        let module = try readModule()
        if skip(keyword: "as") {
          bindings.append((try readName("a name must follow 'as'"), .module(module)))
        } else {
          bindings.append(module == .osPath ? ("os", .module(.os)) : (module.rawValue, .module(module)))
        }
      } while skip(symbol: ",")
    }
    return Statement(at: start, node: .imports(bindings))
  }

  private mutating func readName(_ rule: String) throws(ConfigError) -> String {
    guard case .name(let name) = token.kind else { throw unexpected(rule) }
    advance()
    return name
  }

  private mutating func readModule() throws(ConfigError) -> NativeModule {
    let at = token.at
    var name = try readName("a module's name must stand here")
    while skip(symbol: ".") { name += "." + (try readName("a module's name must go on here")) }
    guard let module = NativeModule(rawValue: name) else {
      throw fail(
        "an imported module must be one of os, os.path, math, copy, found '\(name)'; nothing else can be imported",
        at: at)
    }
    return module
  }
}
