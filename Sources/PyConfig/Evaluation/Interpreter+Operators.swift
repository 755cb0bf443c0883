import Foundation
import OrderedCollections

extension Interpreter {
  func isTrue(_ value: PyValue, at offset: Int) throws(ConfigError) -> Bool {
    switch value {
    case .none: return false
    case .bool(let value): return value
    case .int(let value): return value != 0
    case .float(let value): return value != 0
    case .string(let text):
      try checkKnown(text, at: offset)
      return !text.isEmpty
    case .list(let items), .tuple(let items): return !items.items.isEmpty
    case .dictionary(let entries), .set(let entries): return !entries.entries.isEmpty
    case .range(let range): return range.count > 0
    case .iterator, .function, .method, .module: return true
    }
  }

  /// Refuses to look into a string whose base variables are filled in only after the evaluation.
  func checkKnown(_ text: String, at offset: Int) throws(ConfigError) {
    if mayHoldBaseVariables, BaseVariable.isIn(text) {
      throw fail(
        "'{{ _base_.x }}' must stand as a whole value, found it in a computation; it is filled in later",
        at: offset)
    }
  }

  func unary(_ symbol: String, _ value: PyValue, at offset: Int) throws(ConfigError) -> PyValue {
    if case .float(let number) = value { return .float(symbol == "-" ? -number : number) }
    guard let number = value.asInt else {
      throw fail("the operand of '\(symbol)' must be a number, found \(value.typeName)", at: offset)
    }
    guard symbol == "-" else { return .int(number) }
    guard number != .min else { throw overflow(at: offset) }
    return .int(-number)
  }

  func overflow(at offset: Int) -> ConfigError {
    fail("a whole number must fit 64 bits, found a larger result; use floats", at: offset)
  }

  func binary(_ symbol: String, _ left: PyValue, _ right: PyValue, at offset: Int) throws(ConfigError)
    -> PyValue
  {
    if let a = left.asInt, let b = right.asInt { return try integers(symbol, a, b, at: offset) }
    if let a = left.asDouble, let b = right.asDouble { return try floats(symbol, a, b, at: offset) }
    switch (symbol, left, right) {
    case ("+", .string(let a), .string(let b)):
      try spend(bytes: a.utf8.count + b.utf8.count, at: offset)
      return .string(a + b)
    case ("+", .list(let a), .list(let b)):
      try spend(items: a.items.count + b.items.count, at: offset)
      return try list(a.items + b.items, at: offset)
    case ("+", .tuple(let a), .tuple(let b)):
      try spend(items: a.items.count + b.items.count, at: offset)
      return try tuple(a.items + b.items, at: offset)
    case ("%", .string(let form), _):
      try checkKnown(form, at: offset)
      return try string(percent(form, right, at: offset), at: offset)
    case ("*", _, _):
      if let count = right.asInt, let value = try repeated(left, count, at: offset) { return value }
      if let count = left.asInt, let value = try repeated(right, count, at: offset) { return value }
    case ("-", .set(let a), .set(let b)):
      return try set(a.entries.filter { b.entries[$0.key] == nil }, at: offset)
    default: break
    }
    throw fail(
      "the operands of '\(symbol)' must be numbers or go together, found \(left.typeName) and \(right.typeName)",
      at: offset)
  }

  private func repeated(_ value: PyValue, _ count: Int, at offset: Int) throws(ConfigError) -> PyValue? {
    func total(_ length: Int) -> Int {
      let (product, overflow) = length.multipliedReportingOverflow(by: max(0, count))
      return overflow ? .max : product
    }
    func items(_ items: [Slot]) throws(ConfigError) -> [Slot] {
      let size = total(items.count)
      try spend(items: size, at: offset)
      var result: [Slot] = []
      result.reserveCapacity(size)
      if !items.isEmpty { while result.count < size { result += items } }
      return result
    }
    switch value {
    case .string(let text):
      try spend(bytes: total(text.utf8.count), at: offset)
      return .string(text.isEmpty ? "" : String(repeating: text, count: max(0, count)))
    case .list(let list): return try self.list(items(list.items), at: offset)
    case .tuple(let tuple): return try self.tuple(items(tuple.items), at: offset)
    default: return nil
    }
  }

  private func integers(_ symbol: String, _ a: Int, _ b: Int, at offset: Int) throws(ConfigError) -> PyValue {
    if ["/", "//", "%"].contains(symbol), b == 0 {
      throw fail("a divisor must not be 0, found 0", at: offset)
    }
    let result: (partialValue: Int, overflow: Bool)
    switch symbol {
    case "+": result = a.addingReportingOverflow(b)
    case "-": result = a.subtractingReportingOverflow(b)
    case "*": result = a.multipliedReportingOverflow(by: b)
    case "/": return .float(Double(a) / Double(b))
    case "//":
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      result = (quotient - (!overflow && quotient * b != a && (a < 0) != (b < 0) ? 1 : 0), overflow)
    case "%":
      if b == -1 { return .int(0) }
      let rest = a % b
      return .int(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
    case "**":
      guard b >= 0 else {
        guard a != 0 else { throw fail("0 must not be raised to a negative power, found \(b)", at: offset) }
        return .float(Foundation.pow(Double(a), Double(b)))
      }
      guard let power = Interpreter.power(a, b) else { throw overflow(at: offset) }
      return .int(power)
    default: throw fail("an operator must be one of + - * / // % **, found '\(symbol)'", at: offset)
    }
    guard !result.overflow else { throw overflow(at: offset) }
    return .int(result.partialValue)
  }

  /// `base` to the power of `exponent >= 0`, or `nil` if it needs more than 64 bits.
  static func power(_ base: Int, _ exponent: Int) -> Int? {
    if exponent == 0 || base == 1 { return 1 }
    if base == 0 { return 0 }
    if base == -1 { return exponent % 2 == 0 ? 1 : -1 }
    guard exponent < 64 else { return nil }
    var result = 1
    for _ in 0..<exponent {
      let (product, overflow) = result.multipliedReportingOverflow(by: base)
      if overflow { return nil }
      result = product
    }
    return result
  }

  private func floats(_ symbol: String, _ a: Double, _ b: Double, at offset: Int) throws(ConfigError)
    -> PyValue
  {
    if ["/", "//", "%"].contains(symbol), b == 0 {
      throw fail("a divisor must not be 0, found 0", at: offset)
    }
    switch symbol {
    case "+": return .float(a + b)
    case "-": return .float(a - b)
    case "*": return .float(a * b)
    case "/": return .float(a / b)
    case "//": return .float(Interpreter.divide(a, b).quotient)
    case "%": return .float(Interpreter.divide(a, b).rest)
    case "**":
      if a == 0, b < 0 { throw fail("0 must not be raised to a negative power, found one", at: offset) }
      let power = Foundation.pow(a, b)
      if power.isNaN, !a.isNaN, !b.isNaN {
        throw fail(
          "a power must be a real number, found a negative base with a fraction as exponent", at: offset)
      }
      if power.isInfinite, a.isFinite, b.isFinite {
        throw fail("a float must be finite, found a larger power", at: offset)
      }
      return .float(power)
    default: throw fail("an operator must be one of + - * / // % **, found '\(symbol)'", at: offset)
    }
  }

  /// Python's `divmod` of floats.
  static func divide(_ a: Double, _ b: Double) -> (quotient: Double, rest: Double) {
    var rest = fmod(a, b)
    var quotient = (a - rest) / b
    if rest != 0 {
      if (b < 0) != (rest < 0) {
        rest += b
        quotient -= 1
      }
    } else {
      rest = copysign(0, b)
    }
    if quotient != 0 {
      let floor = quotient.rounded(.down)
      quotient = quotient - floor > 0.5 ? floor + 1 : floor
    } else {
      quotient = copysign(0, a / b)
    }
    return (quotient, rest)
  }

  // MARK: Comparison

  func compare(_ symbol: String, _ left: PyValue, _ right: PyValue, at offset: Int) throws(ConfigError)
    -> Bool
  {
    switch symbol {
    case "==": return try isEqual(left, right, at: offset)
    case "!=": return try !isEqual(left, right, at: offset)
    case "is": return try isSame(left, right, at: offset)
    case "is not": return try !isSame(left, right, at: offset)
    case "in": return try contains(right, left, at: offset)
    case "not in": return try !contains(right, left, at: offset)
    case "<": return try order(left, right, symbol, at: offset) == -1
    case "<=": return try [-1, 0].contains(order(left, right, symbol, at: offset))
    case ">": return try order(left, right, symbol, at: offset) == 1
    default: return try [1, 0].contains(order(left, right, symbol, at: offset))
    }
  }

  func isEqual(_ left: PyValue, _ right: PyValue, at offset: Int, depth: Int = 0) throws(ConfigError) -> Bool
  {
    try spend(1, at: offset)
    guard depth <= budget.limits.nesting else { throw tooDeep(at: offset) }
    if let a = left.asInt, let b = right.asInt { return a == b }
    if let a = left.asDouble, let b = right.asDouble { return a == b }
    switch (left, right) {
    case (.none, .none): return true
    case (.string(let a), .string(let b)):
      try checkKnown(a, at: offset)
      try checkKnown(b, at: offset)
      return a.utf8.elementsEqual(b.utf8)
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      if a === b { return true }
      guard a.items.count == b.items.count else { return false }
      for (x, y) in zip(a.items, b.items) where try !isEqual(x.value, y.value, at: offset, depth: depth + 1) {
        return false
      }
      return true
    case (.dictionary(let a), .dictionary(let b)):
      guard a.entries.count == b.entries.count else { return false }
      for (key, slot) in a.entries {
        guard let other = b.entries[key], try isEqual(slot.value, other.value, at: offset, depth: depth + 1)
        else { return false }
      }
      return true
    case (.set(let a), .set(let b)):
      return a.entries.count == b.entries.count && a.entries.keys.allSatisfy { b.entries[$0] != nil }
    case (.range(let a), .range(let b)):
      return a.count == b.count && (a.count == 0 || a.start == b.start && (a.count == 1 || a.step == b.step))
    default: return false
    }
  }

  func tooDeep(at offset: Int) -> ConfigError {
    fail("at most \(budget.limits.nesting) containers may lie inside one another, found more", at: offset)
  }

  private func isSame(_ left: PyValue, _ right: PyValue, at offset: Int) throws(ConfigError) -> Bool {
    switch (left, right) {
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)), (.iterator(let a), .iterator(let b)):
      a === b
    case (.dictionary(let a), .dictionary(let b)), (.set(let a), .set(let b)): a === b
    case (.function(let a), .function(let b)): a == b
    default: left.typeName == right.typeName ? try isEqual(left, right, at: offset) : false
    }
  }

  private func contains(_ container: PyValue, _ value: PyValue, at offset: Int) throws(ConfigError) -> Bool {
    switch container {
    case .dictionary(let dictionary), .set(let dictionary):
      return dictionary.entries[try key(value, at: offset)] != nil
    case .string(let text):
      guard case .string(let part) = value else {
        throw fail("'in' a string must be asked of a string, found \(value.typeName)", at: offset)
      }
      try checkKnown(text, at: offset)
      try spend(bytes: text.utf8.count, at: offset)
      return part.isEmpty || find(part, in: text) != nil
    default:
      for item in try items(of: container, at: offset) where try isEqual(item.value, value, at: offset) {
        return true
      }
      return false
    }
  }

  /// -1, 0 or 1; 2 if one is not a number (`nan`).
  func order(_ left: PyValue, _ right: PyValue, _ symbol: String, at offset: Int, depth: Int = 0)
    throws(ConfigError) -> Int
  {
    try spend(1, at: offset)
    guard depth <= budget.limits.nesting else { throw tooDeep(at: offset) }
    if let a = left.asInt, let b = right.asInt { return a < b ? -1 : a > b ? 1 : 0 }
    if let a = left.asDouble, let b = right.asDouble { return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2 }
    switch (left, right) {
    case (.string(let a), .string(let b)):
      try checkKnown(a, at: offset)
      try checkKnown(b, at: offset)
      return a.utf8.elementsEqual(b.utf8) ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      for (x, y) in zip(a.items, b.items) where try !isEqual(x.value, y.value, at: offset, depth: depth + 1) {
        return try order(x.value, y.value, symbol, at: offset, depth: depth + 1)
      }
      return a.items.count < b.items.count ? -1 : a.items.count > b.items.count ? 1 : 0
    default:
      throw fail(
        "the operands of '\(symbol)' must be comparable, found \(left.typeName) and \(right.typeName)",
        at: offset)
    }
  }
}
