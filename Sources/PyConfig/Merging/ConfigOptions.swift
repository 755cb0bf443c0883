import OrderedCollections

/// The grammar of `--cfg-options`: `key=value`, the value being a number, `True`, `False`, `None`, a text, a list
/// (`1,2` or `[1,2]`) or a tuple (`(1,2)`), nested at will.
enum ConfigOptions {
  static let file = "<--cfg-options>"

  /// The options as one nested dictionary.
  static func dictionary(_ options: [String], limits: ConfigLimits = .standard) throws(ConfigError)
    -> ConfigDictionary
  {
    var root = ConfigDictionary()
    for (index, option) in options.enumerated() {
      let location = SourceLocation(file: file, line: index + 1)
      guard option.utf8.count <= limits.fileBytes / 64 else {
        throw ConfigError(
          "an option must have at most \(limits.fileBytes / 64) bytes, found more", at: location)
      }
      guard let equals = option.firstIndex(of: "="), equals != option.startIndex else {
        throw ConfigError("an option must be given as key=value, found '\(option)'", at: location)
      }
      let column = option[...equals].unicodeScalars.count + 1
      var place = location
      place.column = column
      let value = try self.value(String(option[option.index(after: equals)...]), at: place, limits: limits)
      let path = option[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard path.count <= limits.nesting else {
        throw ConfigError(
          "an option's key must have at most \(limits.nesting) parts, found \(path.count)", at: location)
      }
      try set(path[...], to: ConfigNode(value, at: place), in: &root, option: option, at: location)
    }
    return root
  }

  private static func set(
    _ path: ArraySlice<String>, to node: ConfigNode, in dictionary: inout ConfigDictionary, option: String,
    at location: SourceLocation
  ) throws(ConfigError) {
    guard let key = path.first else { return }
    guard !key.isEmpty else {
      throw ConfigError("the parts of an option's key must not be empty, found '\(option)'", at: location)
    }
    guard path.count > 1 else {
      dictionary.entries[key] = node
      return
    }
    let child = dictionary.entries[key] ?? ConfigNode(.dictionary(ConfigDictionary()), at: node.location)
    guard case .dictionary(var inner) = child.value else {
      throw ConfigError(
        "an option must fit the ones before it, found '\(option)' after '\(key)=...'", at: location)
    }
    try set(path.dropFirst(), to: node, in: &inner, option: option, at: location)
    dictionary.entries[key] = ConfigNode(.dictionary(inner), at: child.location)
  }

  /// The value that an option's text stands for.
  static func value(_ text: String, at location: SourceLocation?, limits: ConfigLimits = .standard)
    throws(ConfigError) -> ConfigValue
  {
    try iterable(Array(text.unicodeScalars)[...], whole: text, at: location, depth: 0, limits: limits)
  }

  private static func iterable(
    _ text: ArraySlice<Unicode.Scalar>, whole: String, at location: SourceLocation?, depth: Int,
    limits: ConfigLimits
  ) throws(ConfigError) -> ConfigValue {
    guard depth <= limits.nesting else {
      throw ConfigError(
        "at most \(limits.nesting) brackets may lie inside one another, found more", at: location)
    }
    // Quotes at the ends and blanks anywhere don't count.
    var rest = text
    func isQuote(_ scalar: Unicode.Scalar?) -> Bool { scalar == "'" || scalar == "\"" }
    while isQuote(rest.first) { rest.removeFirst() }
    while isQuote(rest.last) { rest.removeLast() }
    if rest.contains(" ") { rest = rest.filter { $0 != " " }[...] }
    let isTuple = rest.first == "(" && rest.last == ")" && rest.count > 1
    let isList = rest.first == "[" && rest.last == "]" && rest.count > 1
    if isTuple || isList {
      rest = rest.dropFirst().dropLast()
    } else if !rest.contains(",") {
      return try scalar(String(String.UnicodeScalarView(rest)), at: location)
    }
    guard rest.count({ $0 == "(" }) == rest.count({ $0 == ")" }),
      rest.count({ $0 == "[" }) == rest.count({ $0 == "]" })
    else {
      throw ConfigError("the brackets of a value must be closed, found '\(whole.prefix(200))'", at: location)
    }
    var items: [ConfigNode] = []
    while !rest.isEmpty {
      var round = 0, square = 0, end = rest.endIndex
      for index in rest.indices {
        let scalar = rest[index]
        if scalar == ",", round == 0, square == 0 {
          end = index
          break
        }
        round += scalar == "(" ? 1 : scalar == ")" ? -1 : 0
        square += scalar == "[" ? 1 : scalar == "]" ? -1 : 0
      }
      let item = try iterable(rest[..<end], whole: whole, at: location, depth: depth + 1, limits: limits)
      items.append(ConfigNode(item, at: location))
      rest = rest[min(end + 1, rest.endIndex)...]
    }
    return isTuple ? .tuple(items) : .list(items)
  }

  private static func scalar(_ text: String, at location: SourceLocation?) throws(ConfigError) -> ConfigValue
  {
    switch PythonNumber(int: text) {
    case .int(let value): return .int(value)
    case .tooLarge:
      throw ConfigError("a whole number must fit 64 bits, found \(text.prefix(80))", at: location)
    case .float(let value): return .float(value)
    case nil: break
    }
    if let value = PythonNumber.float(text) { return .float(value) }
    if ["true", "false"].contains(text.lowercased()) { return .bool(text.lowercased() == "true") }
    return text == "None" ? .none : .string(text)
  }
}

extension ArraySlice<Unicode.Scalar> {
  fileprivate func count(_ holds: (Unicode.Scalar) -> Bool) -> Int { reduce(0) { $0 + (holds($1) ? 1 : 0) } }
}
