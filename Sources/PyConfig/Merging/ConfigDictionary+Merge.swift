import OrderedCollections

/// The key that makes a dictionary replace its base instead of changing it.
private let deleteKey = "_delete_"

extension ConfigDictionary {
  /// Merges `child` over this dictionary: dictionaries go into dictionaries, anything else replaces.
  ///
  /// A dictionary with a true `_delete_` replaces; one that would go into something that is no dictionary is an error.
  /// With `intoLists`, whole numbers as keys change the items of lists.
  mutating func merge(_ child: ConfigDictionary, intoLists: Bool = false) throws(ConfigError) {
    try merge(child, intoLists: intoLists, path: "")
  }

  fileprivate mutating func merge(_ child: ConfigDictionary, intoLists: Bool, path: String)
    throws(ConfigError)
  {
    for (key, node) in child.entries {
      let path = path.isEmpty ? key : "\(path).\(key)"
      if child.integerKeys.contains(key), entries[key] == nil { integerKeys.insert(key) }
      guard var base = entries[key], case .dictionary(var new) = node.value else {
        entries[key] = node
        continue
      }
      let mark = new.entries.removeValue(forKey: deleteKey)
      if let mark, mark.value.isTrue {
        entries[key] = ConfigNode(.dictionary(new), at: node.location)
      } else {
        try base.merge(new, at: node.location, intoLists: intoLists, path: path)
        entries[key] = base
      }
    }
  }
}

extension ConfigNode {
  fileprivate mutating func merge(
    _ child: ConfigDictionary, at location: SourceLocation?, intoLists: Bool, path: String
  ) throws(ConfigError) {
    switch value {
    case .dictionary(var base):
      try base.merge(child, intoLists: intoLists, path: path)
      value = .dictionary(base)
    case .list(var items) where intoLists:
      try ConfigNode.merge(child, into: &items, at: location, path: path)
      value = .list(items)
    case .none, .bool, .int, .float, .string, .list, .tuple:
      let place = self.location.map { " (\($0))" } ?? ""
      let hint =
        intoLists && items != nil
        ? "give the whole tuple, as in \(path)=(1,2)" : "add _delete_=True to replace the value of the base"
      throw ConfigError(
        "'\(path)' must be a dict in the base too, found \(typeName)\(place); \(hint)", at: location)
    }
  }

  private static func merge(
    _ child: ConfigDictionary, into items: inout [ConfigNode], at location: SourceLocation?, path: String
  ) throws(ConfigError) {
    for (key, node) in child.entries {
      guard !key.isEmpty, key.utf8.allSatisfy({ (48...57).contains($0) }) else {
        throw ConfigError(
          "'\(path)' is a list: its key must be a whole number, found '\(key)'", at: node.location ?? location
        )
      }
      guard let index = Int(key), index < items.count else {
        throw ConfigError(
          "'\(path)' has \(items.count) items: an index must be below that, found \(key)",
          at: node.location ?? location)
      }
      if case .dictionary(let new) = node.value {
        try items[index].merge(new, at: node.location, intoLists: true, path: "\(path).\(key)")
      } else {
        items[index] = node
      }
    }
  }
}

extension ConfigValue {
  /// Python's truth of the value.
  var isTrue: Bool {
    switch self {
    case .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .float(let value): value != 0
    case .string(let value): !value.isEmpty
    case .list(let items), .tuple(let items): !items.isEmpty
    case .dictionary(let dictionary): !dictionary.isEmpty
    }
  }
}
