import OrderedCollections

extension Interpreter {
  /// The file's names and values as a config: `__x__` and imported names are left out.
  func result() throws(ConfigError) -> ConfigDictionary {
    var entries: OrderedDictionary<String, ConfigNode> = [:]
    var count = 0
    for (name, slot) in globals where !name.hasPrefix("__") {
      switch slot.value {
      case .module: continue
      case .function(let native) where native.rawValue.contains(".") && native != .fromkeys: continue
      default: entries[name] = try freeze(slot, name, &count, depth: 1)
      }
    }
    return ConfigDictionary(entries)
  }

  /// A value as it is now, with no part shared.
  private func freeze(_ slot: Slot, _ name: String, _ count: inout Int, depth: Int) throws(ConfigError)
    -> ConfigNode
  {
    count += 1
    if case .string(let text) = slot.value { count += text.utf8.count / 32 }
    guard count <= budget.limits.values else {
      throw fail(
        "a config must have at most \(budget.limits.values) values, found more in '\(name)'", at: slot.at)
    }
    guard depth <= budget.limits.nesting else {
      let limit = budget.limits.nesting
      throw fail(
        "at most \(limit) containers may lie inside one another, found more in '\(name)'", at: slot.at)
    }
    func items(_ slots: [Slot], _ count: inout Int) throws(ConfigError) -> [ConfigNode] {
      var nodes: [ConfigNode] = []
      nodes.reserveCapacity(slots.count)
      for slot in slots { nodes.append(try freeze(slot, name, &count, depth: depth + 1)) }
      return nodes
    }
    let value: ConfigValue
    switch slot.value {
    case .none: value = .none
    case .bool(let flag): value = .bool(flag)
    case .int(let number): value = .int(number)
    case .float(let number): value = .float(number)
    case .string(let text): value = .string(text)
    case .list(let list): value = .list(try items(list.items, &count))
    case .tuple(let list): value = .tuple(try items(list.items, &count))
    case .set(let members): value = .list(try items(Array(members.entries.values), &count))
    case .range: value = .list(try items(self.items(of: slot.value, at: slot.at), &count))
    case .dictionary(let dictionary):
      var result = ConfigDictionary()
      for (key, slot) in dictionary.entries {
        let node = try freeze(slot, name, &count, depth: depth + 1)
        let text: String
        switch key {
        case .string(let string): text = string
        case .int(let number):
          text = String(number)
          result.integerKeys.insert(text)
        case .none, .bool, .float, .tuple:
          let found = try repr(self.value(of: key), at: slot.at)
          throw fail("the keys of a config must be strings or whole numbers, found \(found)", at: slot.at)
        }
        guard result.entries.updateValue(node, forKey: text) == nil else {
          throw fail("a key must be written in one way, found both \(text) and '\(text)'", at: slot.at)
        }
      }
      value = .dictionary(result)
    case .iterator:
      throw fail(
        "a value of a config must be data, found an iterator in '\(name)'; wrap it in list()", at: slot.at)
    case .function, .method, .module:
      throw fail("a value of a config must be data, found \(slot.value.typeName) in '\(name)'", at: slot.at)
    }
    return ConfigNode(value, at: source.location(slot.at))
  }
}
