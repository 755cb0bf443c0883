import OrderedCollections

/// Evaluates the statements of one file.
///
/// Nothing is executed: the only functions are those of ``Native``, which compute values from values. Every step and
/// every item made is counted against the budget.
final class Interpreter {
  let source: SourceText
  let budget: Budget
  let arena = Arena()
  private(set) var globals: OrderedDictionary<String, Slot> = [:]
  /// Names of comprehensions, innermost last.
  var scopes: [[String: Slot]] = []
  /// Whether strings may hold marks of base variables.
  let mayHoldBaseVariables: Bool

  init(_ source: SourceText, budget: Budget) {
    (self.source, self.budget) = (source, budget)
    mayHoldBaseVariables = zip(source.bytes, source.bytes.dropFirst()).contains { $0 == 123 && $1 == 123 }
  }

  enum Flow { case next, leave, again }

  func fail(_ message: String, at offset: Int) -> ConfigError {
    ConfigError(message, at: source.location(offset))
  }

  /// Counts work.
  func spend(_ amount: Int, at offset: Int) throws(ConfigError) {
    guard budget.spend(amount) else {
      throw fail(
        "a config must take at most \(budget.limits.work) steps to evaluate, found that it takes more",
        at: offset)
    }
  }

  /// Counts the making of a container.
  func spend(items count: Int, at offset: Int) throws(ConfigError) {
    guard count <= budget.limits.values else {
      throw fail("a container must have at most \(budget.limits.values) items, found \(count)", at: offset)
    }
    try spend(count, at: offset)
  }

  /// Counts the making of a string.
  func spend(bytes count: Int, at offset: Int) throws(ConfigError) {
    guard count <= budget.limits.stringBytes else {
      throw fail("a string must have at most \(budget.limits.stringBytes) bytes, found \(count)", at: offset)
    }
    try spend(count / 8 + 1, at: offset)
  }

  // MARK: Making values

  func list(_ items: [Slot], at offset: Int) throws(ConfigError) -> PyValue {
    try spend(items: items.count + 1, at: offset)
    return .list(arena.container(items))
  }

  func tuple(_ items: [Slot], at offset: Int) throws(ConfigError) -> PyValue {
    try spend(items: items.count + 1, at: offset)
    return .tuple(arena.container(items))
  }

  func iterator(_ items: [Slot], at offset: Int) throws(ConfigError) -> PyValue {
    try spend(items: items.count + 1, at: offset)
    return .iterator(arena.container(items))
  }

  func dictionary(_ entries: OrderedDictionary<PyKey, Slot>, at offset: Int) throws(ConfigError) -> PyValue {
    try spend(items: entries.count + 1, at: offset)
    return .dictionary(arena.dictionary(entries))
  }

  func set(_ entries: OrderedDictionary<PyKey, Slot>, at offset: Int) throws(ConfigError) -> PyValue {
    try spend(items: entries.count + 1, at: offset)
    return .set(arena.dictionary(entries))
  }

  func string(_ text: String, at offset: Int) throws(ConfigError) -> PyValue {
    try spend(bytes: text.utf8.count, at: offset)
    return .string(text)
  }

  // MARK: Statements

  func run(_ statements: [Statement]) throws(ConfigError) { _ = try runBlock(statements) }

  private func runBlock(_ statements: [Statement]) throws(ConfigError) -> Flow {
    for statement in statements {
      try spend(1, at: statement.at)
      let flow = try run(statement)
      guard case .next = flow else { return flow }
    }
    return .next
  }

  private func run(_ statement: Statement) throws(ConfigError) -> Flow {
    switch statement.node {
    case .expression(let value): _ = try evaluate(value)
    case .assign(let targets, let expression):
      let slot = Slot(value: try evaluate(expression), at: expression.at)
      for target in targets { try assign(slot, to: target) }
    case .augmented(let target, let symbol, let operand):
      try augment(target, symbol, operand, at: statement.at)
    case .delete(let targets):
      for target in targets { try delete(target) }
    case .imports(let bindings):
      for (name, native) in bindings { bind(name, Slot(value: native, at: statement.at)) }
    case .branch(let branches, let otherwise):
      for (condition, body) in branches where try isTrue(evaluate(condition), at: condition.at) {
        return try runBlock(body)
      }
      return try runBlock(otherwise)
    case .loop(let target, let sequence, let body, let otherwise):
      let items = try self.items(of: evaluate(sequence), at: sequence.at)
      for item in items {
        try assign(item, to: target)
        if case .leave = try runBlock(body) { return .next }
      }
      return try runBlock(otherwise)
    case .pass: break
    case .break: return .leave
    case .continue: return .again
    }
    return .next
  }

  private func bind(_ name: String, _ slot: Slot) {
    if scopes.isEmpty { globals[name] = slot } else { scopes[scopes.count - 1][name] = slot }
  }

  func assign(_ slot: Slot, to target: Target) throws(ConfigError) {
    switch target.node {
    case .name(let name): bind(name, slot)
    case .item(let container, let key):
      let container = try evaluate(container)
      try setItem(of: container, try evaluate(key), to: slot, at: key.at)
    case .several(let targets, let starred):
      let items = try self.items(of: slot.value, at: slot.at)
      let fits = starred == nil ? items.count == targets.count : items.count >= targets.count - 1
      guard fits else {
        let wanted = starred == nil ? "\(targets.count)" : "at least \(targets.count - 1)"
        throw fail("\(wanted) values must be there to unpack, found \(items.count)", at: target.at)
      }
      let rest = items.count - (targets.count - 1)
      for (index, target) in targets.enumerated() {
        if let starred, index == starred {
          let part = try list(Array(items[index..<index + rest]), at: target.at)
          try assign(Slot(value: part, at: slot.at), to: target)
        } else {
          try assign(items[index < starred ?? .max ? index : index + rest - 1], to: target)
        }
      }
    }
  }

  private func setItem(of container: PyValue, _ key: PyValue, to slot: Slot, at offset: Int)
    throws(ConfigError)
  {
    switch container {
    case .dictionary(let dictionary):
      let key = try self.key(key, at: offset)
      try spend(items: dictionary.entries.count, cost: 1, at: offset)
      dictionary.entries[key] = slot
    case .list(let list): list.items[try index(key, count: list.items.count, of: "list", at: offset)] = slot
    default: throw fail("an item must be set in a list or a dict, found \(container.typeName)", at: offset)
    }
  }

  private func augment(_ target: Target, _ symbol: String, _ operand: Expression, at offset: Int)
    throws(ConfigError)
  {
    let old: PyValue, keyOrNone: (container: PyValue, key: PyValue, at: Int)?
    switch target.node {
    case .name(let name):
      (old, keyOrNone) = (try lookUp(name, at: target.at), nil)
    case .item(let container, let key):
      let owner = try evaluate(container), place = try evaluate(key)
      (old, keyOrNone) = (try item(of: owner, place, at: key.at), (owner, place, key.at))
    case .several: throw fail("'\(symbol)=' must change one name or item, found several", at: offset)
    }
    let right = try evaluate(operand)
    let new: PyValue
    if case .list(let list) = old, symbol == "+" {
      // In place: other names of the same list see the change.
      let more = try items(of: right, at: operand.at)
      try spend(items: list.items.count + more.count, cost: more.count, at: offset)
      list.items += more
      new = old
    } else {
      new = try binary(symbol, old, right, at: operand.at)
    }
    let slot = Slot(value: new, at: operand.at)
    if let (container, key, at) = keyOrNone {
      try setItem(of: container, key, to: slot, at: at)
    } else if case .name(let name) = target.node {
      bind(name, slot)
    }
  }

  /// Checks a container's size after growth, counting only what is new.
  func spend(items count: Int, cost: Int, at offset: Int) throws(ConfigError) {
    guard count <= budget.limits.values else {
      throw fail("a container must have at most \(budget.limits.values) items, found \(count)", at: offset)
    }
    try spend(cost, at: offset)
  }

  private func delete(_ target: Target) throws(ConfigError) {
    switch target.node {
    case .name(let name):
      guard globals.removeValue(forKey: name) != nil else { throw unknown(name, at: target.at) }
    case .several(let targets, _):
      for target in targets { try delete(target) }
    case .item(let container, let key):
      let owner = try evaluate(container), place = try evaluate(key)
      _ = try item(of: owner, place, at: key.at)
      switch owner {
      case .dictionary(let dictionary):
        dictionary.entries.removeValue(forKey: try self.key(place, at: key.at))
      case .list(let list):
        list.items.remove(at: try index(place, count: list.items.count, of: "list", at: key.at))
      default:
        throw fail("an item must be deleted from a list or a dict, found \(owner.typeName)", at: key.at)
      }
    }
  }

  // MARK: Names

  func lookUp(_ name: String, at offset: Int) throws(ConfigError) -> PyValue {
    for scope in scopes.reversed() {
      if let slot = scope[name] { return slot.value }
    }
    if let slot = globals[name] { return slot.value }
    if let native = Native.builtins[name] { return .function(native) }
    throw unknown(name, at: offset)
  }

  private func unknown(_ name: String, at offset: Int) -> ConfigError {
    let hint = hint(name, among: Array(globals.keys) + Native.builtins.keys.sorted())
    if !hint.isEmpty {
      return fail("a name must be defined before it is used, found '\(name)'\(hint)", at: offset)
    }
    let builtins = Native.builtins.keys.sorted().joined(separator: " ")
    return fail(
      "a name must be defined before it is used, found '\(name)'; built in are \(builtins)", at: offset)
  }
}
