import OrderedCollections

extension Interpreter {
  /// A value in an f-string or `str.format`.
  func format(_ value: PyValue, conversion: Character?, spec: String, at offset: Int) throws(ConfigError)
    -> String
  {
    if let conversion {
      let text = conversion == "s" ? try str(value, at: offset) : try repr(value, at: offset)
      return try format(.string(text), conversion: nil, spec: spec, at: offset)
    }
    if spec.isEmpty { return try str(value, at: offset) }
    let parsed = FormatSpec(spec)
    var text: String?
    switch value {
    case .int(let number): text = parsed?.format(number)
    case .bool(let flag): text = parsed?.type == nil ? nil : parsed?.format(flag ? 1 : 0)
    case .float(let number): text = parsed?.format(number)
    case .string(let string): text = parsed?.format(string)
    default:
      throw fail(
        "a value with a format must be a number or a string, found \(value.typeName) with ':\(spec)'",
        at: offset)
    }
    guard let text else {
      throw fail("a format must fit its value, found ':\(spec)' for \(value.typeName)", at: offset)
    }
    return text
  }

  /// `template.format(...)`
  func format(_ template: String, _ given: Arguments, at offset: Int) throws(ConfigError) -> String {
    var automatic = 0
    return try format(Array(template.unicodeScalars), given, &automatic, at: offset, depth: 0)
  }

  private func format(
    _ template: [Unicode.Scalar], _ given: Arguments, _ automatic: inout Int, at offset: Int, depth: Int
  ) throws(ConfigError) -> String {
    var result = String.UnicodeScalarView()
    var i = 0
    while i < template.count {
      let scalar = template[i]
      guard scalar == "{" || scalar == "}" else {
        result.append(scalar)
        i += 1
        continue
      }
      if i + 1 < template.count, template[i + 1] == scalar {
        result.append(scalar)
        i += 2
        continue
      }
      guard scalar == "{" else {
        throw fail("'}' in a format must be written '}}' or close a field, found a single one", at: offset)
      }
      var end = i + 1, open = 0
      while end < template.count, open > 0 || template[end] != "}" {
        open += template[end] == "{" ? 1 : template[end] == "}" ? -1 : 0
        end += 1
      }
      guard end < template.count, depth < 2 else {
        throw fail("'{' in a format must be closed, found its end", at: offset)
      }
      let field = template[i + 1..<end]
      var name = field, conversion: Character?, spec = ""
      if let colon = field.firstIndex(of: ":") {
        name = field[..<colon]
        spec = try format(Array(field[(colon + 1)...]), given, &automatic, at: offset, depth: depth + 1)
      }
      if let mark = name.firstIndex(of: "!") {
        conversion = name[(mark + 1)...].first.map(Character.init)
        guard name.count == mark - name.startIndex + 2, conversion == "r" || conversion == "s" else {
          throw fail("'!' in a format must be followed by r or s, found another conversion", at: offset)
        }
        name = name[..<mark]
      }
      let value = try self.field(String(String.UnicodeScalarView(name)), given, &automatic, at: offset)
      result.append(
        contentsOf: try format(value, conversion: conversion, spec: spec, at: offset).unicodeScalars)
      try spend(bytes: result.count, cost: 1, at: offset)
      i = end + 1
    }
    return String(result)
  }

  private func spend(bytes count: Int, cost: Int, at offset: Int) throws(ConfigError) {
    if count > budget.limits.stringBytes { try spend(bytes: count, at: offset) }
    try spend(cost, at: offset)
  }

  /// The argument of a field: `0`, `name`, `name[key]` or nothing for the next one.
  private func field(_ text: String, _ given: Arguments, _ automatic: inout Int, at offset: Int)
    throws(ConfigError) -> PyValue
  {
    guard !text.contains(".") else {
      throw fail("a field must be a name, found the attribute '\(text)'", at: offset)
    }
    let parts = text.split(separator: "[", omittingEmptySubsequences: false).map(String.init)
    var value: PyValue
    if parts[0].isEmpty || Int(parts[0]) != nil {
      let index = Int(parts[0]) ?? automatic
      if parts[0].isEmpty { automatic += 1 }
      guard given.positional.indices.contains(index) else {
        throw fail(
          "format() must be given an argument for each field, found none for field \(index)", at: offset)
      }
      value = given.positional[index].value
    } else {
      guard let slot = given.named[parts[0]] else {
        throw fail(
          "format() must be given an argument for each field, found none for '\(parts[0])'", at: offset)
      }
      value = slot.value
    }
    for part in parts.dropFirst() {
      guard part.hasSuffix("]") else {
        throw fail("'[' in a field must be closed, found '\(text)'", at: offset)
      }
      let key = String(part.dropLast())
      value = try item(of: value, Int(key).map(PyValue.int) ?? .string(key), at: offset)
    }
    return value
  }

  /// Evaluates `form % values`.
  func percent(_ form: String, _ values: PyValue, at offset: Int) throws(ConfigError) -> String {
    var arguments: [Slot] = [Slot(value: values, at: offset)]
    if case .tuple(let tuple) = values { arguments = tuple.items }
    let scalars = Array(form.unicodeScalars)
    var result = String.UnicodeScalarView()
    var i = 0, used = 0
    while i < scalars.count {
      guard scalars[i] == "%" else {
        result.append(scalars[i])
        i += 1
        continue
      }
      i += 1
      if i < scalars.count, scalars[i] == "%" {
        result.append("%")
        i += 1
        continue
      }
      var value: PyValue?
      if i < scalars.count, scalars[i] == "(" {
        guard let end = scalars[i...].firstIndex(of: ")") else {
          throw fail("'%(' must be closed, found its end", at: offset)
        }
        value = try item(
          of: values, .string(String(String.UnicodeScalarView(scalars[i + 1..<end]))), at: offset)
        i = end + 1
        used = arguments.count
      }
      var spec = FormatSpec()
      spec.align = ">"
      while i < scalars.count, "-+ #0".unicodeScalars.contains(scalars[i]) {
        switch scalars[i] {
        case "-": (spec.align, spec.fill) = ("<", " ")
        case "0": if spec.align != "<" { (spec.align, spec.fill) = ("=", "0") }
        case "#": spec.isAlternate = true
        default: spec.sign = scalars[i]
        }
        i += 1
      }
      func number() -> Int? {
        let first = i
        while i < scalars.count, (48...57).contains(scalars[i].value) { i += 1 }
        return first == i ? nil : Int(String(String.UnicodeScalarView(scalars[first..<i]))) ?? 1001
      }
      spec.width = number() ?? 0
      if i < scalars.count, scalars[i] == "." {
        i += 1
        spec.precision = number() ?? 0
      }
      guard i < scalars.count, spec.width <= 1000, spec.precision ?? 0 <= 1000 else {
        throw fail(
          "'%' must be followed by a conversion such as d or s (widths up to 1000), found another text",
          at: offset)
      }
      let type = scalars[i]
      i += 1
      if value == nil {
        guard used < arguments.count else {
          throw fail("'%' must be given a value for each field, found too few", at: offset)
        }
        value = arguments[used].value
        used += 1
      }
      guard let value else { continue }
      spec.type = type
      var text: String?
      switch type {
      case "s", "r", "a":
        (spec.type, spec.sign) = (nil, "-")
        if spec.align == "=" { (spec.align, spec.fill) = (">", " ") }
        text = spec.format(type == "s" ? try str(value, at: offset) : try repr(value, at: offset))
      case "d", "i", "u":
        spec.type = "d"
        if case .float(let number) = value {
          text = Int(exactly: number.rounded(.towardZero)).flatMap { spec.format($0) }
        } else {
          text = value.asInt.flatMap { spec.format($0) }
        }
      case "x", "X", "o": text = value.asInt.flatMap { spec.format($0) }
      case "f", "F", "e", "E", "g", "G": text = value.asDouble.flatMap { spec.format($0) }
      default: break
      }
      guard let text else {
        throw fail("'%\(type)' must be given a value that fits, found \(value.typeName)", at: offset)
      }
      result.append(contentsOf: text.unicodeScalars)
      try spend(bytes: result.count, cost: 1 + text.utf8.count / 8, at: offset)
    }
    var isMapping = false
    if case .dictionary = values { isMapping = true }
    guard used == arguments.count || isMapping else {
      throw fail("'%' must use every value, found more values than fields", at: offset)
    }
    return String(result)
  }
}
