import OrderedCollections

extension Interpreter {
  /// What a loop over `value` sees.
  func items(of value: PyValue, at offset: Int) throws(ConfigError) -> [Slot] {
    switch value {
    case .list(let list), .tuple(let list): return list.items
    case .iterator(let iterator):
      defer { iterator.taken = iterator.items.count }
      return Array(iterator.items[min(iterator.taken, iterator.items.count)...])
    case .dictionary(let dictionary), .set(let dictionary):
      try spend(items: dictionary.entries.count, at: offset)
      var slots: [Slot] = []
      for key in dictionary.entries.keys { slots.append(Slot(value: self.value(of: key), at: offset)) }
      return slots
    case .range(let range):
      try spend(items: range.count, at: offset)
      return (0..<range.count).map { Slot(value: .int(range[$0]), at: offset) }
    case .string(let text):
      try checkKnown(text, at: offset)
      try spend(items: text.utf8.count, at: offset)
      return text.unicodeScalars.map { Slot(value: .string(String($0)), at: offset) }
    case .none, .bool, .int, .float, .function, .method, .module:
      throw fail("a list, a tuple, a dict or a range must stand here, found \(value.typeName)", at: offset)
    }
  }

  /// The key that a value is.
  func key(_ value: PyValue, at offset: Int, depth: Int = 0) throws(ConfigError) -> PyKey {
    switch value {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .float(let value): return .float(value)
    case .string(let text):
      try checkKnown(text, at: offset)
      return .string(text)
    case .tuple(let tuple):
      guard depth <= budget.limits.nesting else { throw tooDeep(at: offset) }
      try spend(tuple.items.count, at: offset)
      var keys: [PyKey] = []
      for item in tuple.items { keys.append(try key(item.value, at: offset, depth: depth + 1)) }
      return .tuple(keys)
    default: throw fail("a key must be a string or a number, found \(value.typeName)", at: offset)
    }
  }

  func value(of key: PyKey) -> PyValue {
    switch key {
    case .none: .none
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .float(let value): .float(value)
    case .string(let text): .string(text)
    case .tuple(let keys): .tuple(arena.container(keys.map { Slot(value: value(of: $0), at: 0) }))
    }
  }

  /// The members of a set, each once.
  func members(_ slots: [Slot]) throws(ConfigError) -> OrderedDictionary<PyKey, Slot> {
    var result: OrderedDictionary<PyKey, Slot> = [:]
    for slot in slots {
      let key = try key(slot.value, at: slot.at)
      if result[key] == nil { result[key] = slot }
    }
    return result
  }

  /// An index counted from the front; negative ones count from the end.
  func index(_ value: PyValue, count: Int, of kind: String, at offset: Int) throws(ConfigError) -> Int {
    guard let given = value.asInt else {
      throw fail("the index of a \(kind) must be a whole number, found \(value.typeName)", at: offset)
    }
    guard given < count, given >= -count else {
      let allowed = count == 0 ? "it is empty" : "it has \(count) item\(count == 1 ? "" : "s")"
      throw fail("the index of a \(kind) must lie inside, found \(given); \(allowed)", at: offset)
    }
    return given < 0 ? given + count : given
  }

  /// Evaluates `container[key]`.
  func item(of container: PyValue, _ key: PyValue, at offset: Int) throws(ConfigError) -> PyValue {
    switch container {
    case .list(let list):
      return list.items[try index(key, count: list.items.count, of: "list", at: offset)].value
    case .tuple(let list):
      return list.items[try index(key, count: list.items.count, of: "tuple", at: offset)].value
    case .range(let range): return .int(range[try index(key, count: range.count, of: "range", at: offset)])
    case .string(let text):
      try checkKnown(text, at: offset)
      try spend(bytes: text.utf8.count, at: offset)
      let scalars = Array(text.unicodeScalars)
      return .string(String(scalars[try index(key, count: scalars.count, of: "str", at: offset)]))
    case .dictionary(let dictionary):
      if let slot = dictionary.entries[try self.key(key, at: offset)] { return slot.value }
      throw missingKey(key, in: dictionary, at: offset)
    default:
      throw fail(
        "'[' must follow a list, a tuple, a dict or a string, found \(container.typeName)", at: offset)
    }
  }

  func missingKey(_ key: PyValue, in dictionary: PyDictionary, at offset: Int) -> ConfigError {
    var names: [String] = []
    for case .string(let name) in dictionary.entries.keys { names.append(name) }
    let found = (try? repr(key, at: offset)) ?? key.typeName
    var help = ""
    if case .string(let text) = key { help = hint(text, among: names) }
    if help.isEmpty {
      let list = names.prefix(12).joined(separator: " ")
      help = names.isEmpty ? "" : "; it has \(list)\(names.count > 12 ? " ..." : "")"
    }
    return fail("a key must exist in the dict, found \(found)\(help)", at: offset)
  }

  /// Evaluates `value[start:stop:step]`.
  func slice(_ value: PyValue, _ start: Int?, _ stop: Int?, _ step: Int?, at offset: Int) throws(ConfigError)
    -> PyValue
  {
    let step = step ?? 1
    guard step != 0, step != .min else {
      throw fail("the step of a slice must not be 0, found \(step)", at: offset)
    }
    func indices(_ count: Int) -> [Int] {
      func clamp(_ bound: Int?, _ fallback: Int) -> Int {
        guard var bound else { return fallback }
        if bound < 0 { bound = bound < -count ? -1 : bound + count }
        let low = step > 0 ? 0 : -1, high = step > 0 ? count : count - 1
        return min(max(bound, low), high)
      }
      let first = clamp(start, step > 0 ? 0 : count - 1), last = clamp(stop, step > 0 ? count : -1)
      return Array(stride(from: first, to: last, by: min(max(step, -count - 1), count + 1)))
    }
    switch value {
    case .list(let list): return try self.list(indices(list.items.count).map { list.items[$0] }, at: offset)
    case .tuple(let list): return try tuple(indices(list.items.count).map { list.items[$0] }, at: offset)
    case .range:
      let items = try self.items(of: value, at: offset)
      return try list(indices(items.count).map { items[$0] }, at: offset)
    case .string(let text):
      try checkKnown(text, at: offset)
      try spend(bytes: text.utf8.count, at: offset)
      let scalars = Array(text.unicodeScalars)
      var result = String.UnicodeScalarView()
      for index in indices(scalars.count) { result.append(scalars[index]) }
      return try string(String(result), at: offset)
    default: throw fail("a slice must be of a list, a tuple or a string, found \(value.typeName)", at: offset)
    }
  }

  /// Where `part` first stands in `text`, in bytes.
  func find(_ part: String, in text: String, from start: Int = 0) -> Int? {
    let needle = Array(part.utf8), hay = Array(text.utf8)
    guard needle.count <= hay.count, start <= hay.count - needle.count else { return nil }
    guard let first = needle.first else { return start }
    for i in start...hay.count - needle.count where hay[i] == first {
      if hay[i..<i + needle.count].elementsEqual(needle) { return i }
    }
    return nil
  }

  /// Python's `repr`.
  func repr(_ value: PyValue, at offset: Int) throws(ConfigError) -> String {
    var text = ""
    try write(value, to: &text, at: offset, depth: 0)
    return text
  }

  /// Python's `str`.
  func str(_ value: PyValue, at offset: Int) throws(ConfigError) -> String {
    if case .string(let text) = value { return text }
    return try repr(value, at: offset)
  }

  private func write(_ value: PyValue, to text: inout String, at offset: Int, depth: Int) throws(ConfigError)
  {
    guard depth <= budget.limits.nesting else { throw tooDeep(at: offset) }
    try spend(1, at: offset)
    if text.utf8.count > budget.limits.stringBytes { try spend(bytes: text.utf8.count, at: offset) }
    func list(_ slots: [Slot], _ open: String, _ close: String) throws(ConfigError) {
      text += open
      for (index, slot) in slots.enumerated() {
        if index > 0 { text += ", " }
        try write(slot.value, to: &text, at: offset, depth: depth + 1)
      }
      text += close
    }
    switch value {
    case .none: text += "None"
    case .bool(let value): text += value ? "True" : "False"
    case .int(let value): text += "\(value)"
    case .float(let value): text += pythonRepr(value)
    case .string(let value): text += pythonRepr(value)
    case .list(let items): try list(items.items, "[", "]")
    case .tuple(let items): try list(items.items, "(", items.items.count == 1 ? ",)" : ")")
    case .set(let entries):
      try list(
        Array(entries.entries.values), entries.entries.isEmpty ? "set(" : "{",
        entries.entries.isEmpty ? ")" : "}")
    case .range(let range):
      text += "range(\(range.start), \(range.start &+ range.count &* range.step)"
      text += range.step == 1 ? ")" : ", \(range.step))"
    case .dictionary(let dictionary):
      text += "{"
      for (index, (key, slot)) in dictionary.entries.enumerated() {
        if index > 0 { text += ", " }
        try write(self.value(of: key), to: &text, at: offset, depth: depth + 1)
        text += ": "
        try write(slot.value, to: &text, at: offset, depth: depth + 1)
      }
      text += "}"
    case .iterator, .function, .method, .module:
      throw fail("a value with a text must stand here, found \(value.typeName)", at: offset)
    }
  }
}
