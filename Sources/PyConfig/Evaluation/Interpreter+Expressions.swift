import OrderedCollections

extension Interpreter {
  func evaluate(_ expression: Expression) throws(ConfigError) -> PyValue {
    let at = expression.at
    try spend(1, at: at)
    switch expression.node {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .float(let value): return .float(value)
    case .string(let parts): return try string(parts, at: at)
    case .name(let name): return try lookUp(name, at: at)
    case .list(let elements): return try list(slots(elements), at: at)
    case .tuple(let elements): return try tuple(slots(elements), at: at)
    case .set(let elements): return try set(members(slots(elements)), at: at)
    case .dictionary(let entries): return try dictionary(entries, at: at)
    case .comprehension(let comprehension): return try evaluate(comprehension, at: at)
    case .chain(let first, let links):
      var value = try evaluate(first)
      for link in links { value = try binary(link.symbol, value, evaluate(link.operand), at: link.at) }
      return value
    case .power(let base, let exponent, let offset):
      return try binary("**", evaluate(base), evaluate(exponent), at: offset)
    case .unary(let symbol, let operand): return try unary(symbol, evaluate(operand), at: at)
    case .not(let operand): return .bool(try !isTrue(evaluate(operand), at: operand.at))
    case .comparison(let first, let links):
      var left = try evaluate(first)
      for link in links {
        let right = try evaluate(link.operand)
        guard try compare(link.symbol, left, right, at: link.at) else { return .bool(false) }
        left = right
      }
      return .bool(true)
    case .and(let operands):
      var value = PyValue.none
      for operand in operands {
        value = try evaluate(operand)
        if try !isTrue(value, at: operand.at) { break }
      }
      return value
    case .or(let operands):
      var value = PyValue.none
      for operand in operands {
        value = try evaluate(operand)
        if try isTrue(value, at: operand.at) { break }
      }
      return value
    case .conditional(let condition, let then, let otherwise):
      return try evaluate(isTrue(evaluate(condition), at: condition.at) ? then : otherwise)
    case .postfix(let base, let steps): return try evaluate(base, steps)
    }
  }

  private func string(_ parts: [Expression.FormattedPart], at offset: Int) throws(ConfigError) -> PyValue {
    var text = ""
    for part in parts {
      switch part {
      case .text(let more): text += more
      case .field(let expression, let conversion, let spec):
        let value = try evaluate(expression)
        guard case .string(let format) = try string(spec, at: offset) else { continue }
        text += try self.format(value, conversion: conversion, spec: format, at: expression.at)
      }
      if text.utf8.count > budget.limits.stringBytes { break }
    }
    return try string(text, at: offset)
  }

  private func slots(_ elements: [Expression.Element]) throws(ConfigError) -> [Slot] {
    var slots: [Slot] = []
    slots.reserveCapacity(elements.count)
    for element in elements {
      let value = try evaluate(element.value)
      if element.isStarred {
        let more = try items(of: value, at: element.value.at)
        try spend(items: slots.count + more.count, cost: more.count, at: element.value.at)
        slots += more
      } else {
        slots.append(Slot(value: value, at: element.value.at))
      }
    }
    return slots
  }

  private func dictionary(_ entries: [Expression.Entry], at offset: Int) throws(ConfigError) -> PyValue {
    var result: OrderedDictionary<PyKey, Slot> = [:]
    for entry in entries {
      if let key = entry.key {
        let key = try self.key(evaluate(key), at: key.at)
        result[key] = Slot(value: try evaluate(entry.value), at: entry.value.at)
      } else {
        guard case .dictionary(let more) = try evaluate(entry.value) else {
          throw fail("'**' must be given a dict, found another value", at: entry.value.at)
        }
        try spend(items: result.count + more.entries.count, cost: more.entries.count, at: offset)
        for (key, slot) in more.entries { result[key] = slot }
      }
    }
    return try dictionary(result, at: offset)
  }

  // MARK: Comprehensions

  private func evaluate(_ comprehension: Expression.Comprehension, at offset: Int) throws(ConfigError)
    -> PyValue
  {
    // The first sequence belongs to the enclosing scope.
    let first = comprehension.clauses[0].sequence
    let sequence = try items(of: evaluate(first), at: first.at)
    scopes.append([:])
    defer { scopes.removeLast() }
    var items: [Slot] = [], entries: OrderedDictionary<PyKey, Slot> = [:]
    try walk(comprehension, 0, sequence) { () throws(ConfigError) in
      let slot = Slot(value: try self.evaluate(comprehension.value), at: comprehension.value.at)
      switch comprehension.kind {
      case .list, .generator:
        items.append(slot)
        try self.spend(items: items.count, cost: 1, at: offset)
      case .set:
        let key = try self.key(slot.value, at: slot.at)
        if entries[key] == nil { entries[key] = slot }
        try self.spend(items: entries.count, cost: 1, at: offset)
      case .dictionary:
        let place = comprehension.key ?? comprehension.value
        entries[try self.key(self.evaluate(place), at: place.at)] = slot
        try self.spend(items: entries.count, cost: 1, at: offset)
      }
    }
    return switch comprehension.kind {
    case .list: .list(arena.container(items))
    case .generator: .iterator(arena.container(items))
    case .set: .set(arena.dictionary(entries))
    case .dictionary: .dictionary(arena.dictionary(entries))
    }
  }

  private func walk(
    _ comprehension: Expression.Comprehension, _ level: Int, _ sequence: [Slot],
    _ body: () throws(ConfigError) -> Void
  ) throws(ConfigError) {
    let clause = comprehension.clauses[level]
    next: for item in sequence {
      try spend(1, at: clause.target.at)
      try assign(item, to: clause.target)
      for condition in clause.conditions where try !isTrue(evaluate(condition), at: condition.at) {
        continue next
      }
      if level + 1 < comprehension.clauses.count {
        let inner = comprehension.clauses[level + 1].sequence
        try walk(comprehension, level + 1, items(of: evaluate(inner), at: inner.at), body)
      } else {
        try body()
      }
    }
  }

  // MARK: Attributes, items, calls

  private func evaluate(_ base: Expression, _ steps: [Expression.Postfix]) throws(ConfigError) -> PyValue {
    var value = try evaluate(base)
    for step in steps {
      switch step {
      case .attribute(let name, let at): value = try attribute(of: value, name, at: at)
      case .subscription(let key, _): value = try item(of: value, evaluate(key), at: key.at)
      case .slice(let start, let stop, let step, let at):
        value = try slice(value, bound(start), bound(stop), bound(step), at: at)
      case .call(let arguments, let at): value = try call(value, arguments, at: at, name: base.at)
      }
    }
    return value
  }

  private func bound(_ expression: Expression?) throws(ConfigError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if case .none = value { return nil }
    guard let bound = value.asInt else {
      throw fail("the parts of a slice must be whole numbers, found \(value.typeName)", at: expression.at)
    }
    return bound
  }

  private func call(_ callee: PyValue, _ arguments: [Expression.Argument], at offset: Int, name: Int)
    throws(ConfigError) -> PyValue
  {
    var given = Arguments()
    for argument in arguments {
      let value = try evaluate(argument.value)
      switch argument.kind {
      case .positional: given.positional.append(Slot(value: value, at: argument.value.at))
      case .starred: given.positional += try items(of: value, at: argument.at)
      case .keyword(let key):
        try given.add(key, Slot(value: value, at: argument.value.at)) { self.fail($0, at: argument.at) }
      case .doubleStarred:
        guard case .dictionary(let dictionary) = value else {
          throw fail("'**' must be given a dict, found \(value.typeName)", at: argument.at)
        }
        for (key, slot) in dictionary.entries {
          guard case .string(let key) = key else {
            throw fail("the keys after '**' must be strings, found another one", at: argument.at)
          }
          try given.add(key, slot) { self.fail($0, at: argument.at) }
        }
      }
      try spend(items: given.positional.count + given.named.count, cost: 1, at: argument.at)
    }
    switch callee {
    case .function(let native): return try call(native, given, at: name)
    case .method(let method): return try call(method, given, at: offset)
    default: throw fail("only a function can be called, found \(callee.typeName)", at: name)
    }
  }
}

/// The arguments of a call.
struct Arguments {
  var positional: [Slot] = []
  var named: OrderedDictionary<String, Slot> = [:]

  mutating func add(_ key: String, _ slot: Slot, _ fail: (String) -> ConfigError) throws(ConfigError) {
    guard named.updateValue(slot, forKey: key) == nil else {
      throw fail("an argument must be given once, found '\(key)' again")
    }
  }
}
