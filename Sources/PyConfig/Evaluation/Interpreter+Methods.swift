import Foundation
import OrderedCollections

extension Interpreter {
  private static let listMethods = [
    "append", "extend", "insert", "pop", "remove", "index", "count", "sort", "reverse", "copy", "clear",
  ]
  private static let dictionaryMethods = [
    "update", "copy", "keys", "values", "items", "get", "pop", "setdefault", "clear",
  ]
  private static let stringMethods = [
    "format", "join", "split", "rsplit", "strip", "lstrip", "rstrip", "replace", "startswith", "endswith",
    "lower",
    "upper", "capitalize", "title", "find", "count", "zfill", "isdigit", "splitlines",
  ]

  func attribute(of value: PyValue, _ name: String, at offset: Int) throws(ConfigError) -> PyValue {
    var known: [String] = []
    switch value {
    case .string: known = Self.stringMethods
    case .list: known = Self.listMethods
    case .tuple: known = ["index", "count"]
    case .dictionary(let dictionary):
      known = Self.dictionaryMethods
      if dictionary.entries[.string(name)] != nil, !known.contains(name) {
        throw fail(
          "an attribute must be a method of the dict, found '\(name)'; write ['\(name)']", at: offset)
      }
    case .set: known = ["add", "update", "copy", "union", "discard"]
    case .function(.dict) where name == "fromkeys": return .function(.fromkeys)
    case .module(let module):
      if let member = module.member(name) { return member }
      known = module.members
      let help = hint(name, among: known)
      throw fail(
        "a member of \(module.rawValue) must be one of \(known.joined(separator: " ")), found '\(name)'\(help)",
        at: offset)
    default: break
    }
    guard known.contains(name) else {
      let help = known.isEmpty ? "it has none" : "it has \(known.joined(separator: " "))"
      throw fail(
        "an attribute of \(value.typeName) must be one of its methods, found '\(name)'; \(help)", at: offset)
    }
    return .method(BoundMethod(value, name))
  }

  func call(_ method: BoundMethod, _ given: Arguments, at offset: Int) throws(ConfigError) -> PyValue {
    switch method.receiver {
    case .list(let list), .tuple(let list): return try call(method, on: list, given, at: offset)
    case .dictionary(let dictionary): return try call(method, on: dictionary, given, at: offset)
    case .set(let set): return try call(method, onSet: set, given, at: offset)
    case .string(let text): return try call(method, on: text, given, at: offset)
    default: throw fail("only a function can be called, found \(method.receiver.typeName)", at: offset)
    }
  }

  private func check(_ method: BoundMethod, _ given: Arguments, _ counts: ClosedRange<Int>, at offset: Int)
    throws(ConfigError)
  {
    let wanted = counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
    guard counts.contains(given.positional.count) else {
      throw fail(
        "\(method.name)() must be given \(wanted) arguments, found \(given.positional.count)", at: offset)
    }
    if let (key, slot) = given.named.elements.first, !(method.name == "update" || method.name == "sort") {
      throw fail("\(method.name)() must be given arguments without names, found '\(key)'", at: slot.at)
    }
  }

  private func call(_ method: BoundMethod, on list: PyContainer, _ given: Arguments, at offset: Int)
    throws(ConfigError) -> PyValue
  {
    let args = given.positional
    switch method.name {
    case "append":
      try check(method, given, 1...1, at: offset)
      try spend(items: list.items.count + 1, cost: 1, at: offset)
      list.items.append(args[0])
    case "extend":
      try check(method, given, 1...1, at: offset)
      let more = try items(of: args[0].value, at: args[0].at)
      try spend(items: list.items.count + more.count, cost: more.count, at: offset)
      list.items += more
    case "insert":
      try check(method, given, 2...2, at: offset)
      guard let place = args[0].value.asInt else {
        throw fail(
          "insert() must be given a whole number first, found \(args[0].value.typeName)", at: args[0].at)
      }
      let count = list.items.count
      try spend(items: count + 1, cost: count + 1, at: offset)
      list.items.insert(args[1], at: place < 0 ? max(0, max(place, -count) + count) : min(place, count))
    case "pop":
      try check(method, given, 0...1, at: offset)
      let place = args.first?.value ?? .int(-1)
      try spend(list.items.count, at: offset)
      return list.items.remove(at: try index(place, count: list.items.count, of: "list", at: offset)).value
    case "remove", "index":
      try check(method, given, 1...1, at: offset)
      for (index, item) in list.items.enumerated() where try isEqual(item.value, args[0].value, at: offset) {
        if method.name == "index" { return .int(index) }
        list.items.remove(at: index)
        return .none
      }
      throw fail(
        "\(method.name)() must be given an item of the list, found \(try repr(args[0].value, at: offset).prefix(80))",
        at: args[0].at)
    case "count":
      try check(method, given, 1...1, at: offset)
      var count = 0
      for item in list.items where try isEqual(item.value, args[0].value, at: offset) { count += 1 }
      return .int(count)
    case "sort":
      try check(method, given, 0...0, at: offset)
      list.items = try sort(list.items, given.named, at: offset)
    case "reverse":
      try check(method, given, 0...0, at: offset)
      try spend(list.items.count, at: offset)
      list.items.reverse()
    case "copy":
      try check(method, given, 0...0, at: offset)
      return try self.list(list.items, at: offset)
    default:
      try check(method, given, 0...0, at: offset)
      list.items = []
    }
    return .none
  }

  private func call(_ method: BoundMethod, on dictionary: PyDictionary, _ given: Arguments, at offset: Int)
    throws(ConfigError) -> PyValue
  {
    let args = given.positional
    switch method.name {
    case "update":
      try check(method, given, 0...1, at: offset)
      var entries = dictionary.entries
      if let slot = args.first { try merge(slot, into: &entries) }
      for (key, slot) in given.named { entries[.string(key)] = slot }
      try spend(entries.count, at: offset)
      dictionary.entries = entries
    case "copy":
      try check(method, given, 0...0, at: offset)
      return try self.dictionary(dictionary.entries, at: offset)
    case "keys":
      try check(method, given, 0...0, at: offset)
      return try list(items(of: .dictionary(dictionary), at: offset), at: offset)
    case "values":
      try check(method, given, 0...0, at: offset)
      return try list(Array(dictionary.entries.values), at: offset)
    case "items":
      try check(method, given, 0...0, at: offset)
      var pairs: [Slot] = []
      for (key, slot) in dictionary.entries {
        pairs.append(
          Slot(value: try tuple([Slot(value: value(of: key), at: slot.at), slot], at: offset), at: slot.at))
      }
      return try list(pairs, at: offset)
    case "get", "setdefault":
      try check(method, given, 1...2, at: offset)
      let key = try key(args[0].value, at: args[0].at)
      if let slot = dictionary.entries[key] { return slot.value }
      let fallback = args.count > 1 ? args[1] : Slot(value: .none, at: offset)
      if method.name == "setdefault" { dictionary.entries[key] = fallback }
      return fallback.value
    case "pop":
      try check(method, given, 1...2, at: offset)
      try spend(dictionary.entries.count, at: offset)
      if let slot = dictionary.entries.removeValue(forKey: try key(args[0].value, at: args[0].at)) {
        return slot.value
      }
      guard args.count > 1 else { throw missingKey(args[0].value, in: dictionary, at: args[0].at) }
      return args[1].value
    default:
      try check(method, given, 0...0, at: offset)
      dictionary.entries = [:]
    }
    return .none
  }

  private func call(_ method: BoundMethod, onSet set: PyDictionary, _ given: Arguments, at offset: Int)
    throws(ConfigError) -> PyValue
  {
    try check(method, given, method.name == "copy" ? 0...0 : 1...1, at: offset)
    try spend(set.entries.count, at: offset)
    switch method.name {
    case "copy": return try self.set(set.entries, at: offset)
    case "add": set.entries[try key(given.positional[0].value, at: offset)] = given.positional[0]
    case "discard": set.entries.removeValue(forKey: try key(given.positional[0].value, at: offset))
    default:
      let more = try members(items(of: given.positional[0].value, at: offset))
      let both = set.entries.merging(more) { old, _ in old }
      if method.name == "union" { return try self.set(both, at: offset) }
      try spend(items: both.count, at: offset)
      set.entries = both
    }
    return .none
  }

  private func text(_ args: [Slot], _ index: Int, of method: BoundMethod) throws(ConfigError) -> String {
    guard case .string(let text) = args[index].value else {
      throw fail(
        "\(method.name)() must be given a string, found \(args[index].value.typeName)", at: args[index].at)
    }
    try checkKnown(text, at: args[index].at)
    return text
  }

  private func call(_ method: BoundMethod, on text: String, _ given: Arguments, at offset: Int)
    throws(ConfigError) -> PyValue
  {
    let args = given.positional
    if method.name == "format" { return try string(format(text, given, at: offset), at: offset) }
    if method.name == "join" {
      try check(method, given, 1...1, at: offset)
      var parts: [String] = [], size = 0
      for item in try items(of: args[0].value, at: args[0].at) {
        guard case .string(let part) = item.value else {
          throw fail("join() must be given strings, found \(item.value.typeName)", at: item.at)
        }
        parts.append(part)
        size += part.utf8.count + text.utf8.count
        try spend(items: size, cost: 1, at: offset)
      }
      return try string(parts.joined(separator: text), at: offset)
    }
    try checkKnown(text, at: offset)
    try spend(bytes: text.utf8.count, at: offset)
    func strings(_ parts: [String]) throws(ConfigError) -> PyValue {
      try list(parts.map { Slot(value: .string($0), at: offset) }, at: offset)
    }
    switch method.name {
    case "split", "rsplit":
      try check(method, given, 0...2, at: offset)
      let limit = args.count > 1 ? args[1].value.asInt ?? -1 : -1
      let isWords = if args.isEmpty { true } else if case .none = args[0].value { true } else { false }
      let separator = isWords ? nil : try self.text(args, 0, of: method)
      if let separator, separator.isEmpty {
        throw fail("split() must be given a separator, found ''", at: args[0].at)
      }
      return try strings(text.pythonSplit(separator, limit: limit, fromEnd: method.name == "rsplit"))
    case "splitlines":
      try check(method, given, 0...0, at: offset)
      var lines = text.replacing("\r\n", with: "\n").components(separatedBy: "\n")
      if lines.last == "" { lines.removeLast() }
      return try strings(lines)
    case "strip", "lstrip", "rstrip":
      try check(method, given, 0...1, at: offset)
      let set = args.isEmpty ? nil : Set(try self.text(args, 0, of: method).unicodeScalars)
      func isCut(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.properties.isWhitespace }
      var rest = text.unicodeScalars[...]
      if method.name != "rstrip" { rest = rest.drop(while: isCut) }
      if method.name != "lstrip" { while let last = rest.last, isCut(last) { rest.removeLast() } }
      return .string(String(rest))
    case "replace":
      try check(method, given, 2...2, at: offset)
      let old = try self.text(args, 0, of: method), new = try self.text(args, 1, of: method)
      guard !old.isEmpty else {
        throw fail("replace() must be given a text to replace, found ''", at: args[0].at)
      }
      let parts = text.components(separatedBy: old)
      let (size, overflow) = new.utf8.count.multipliedReportingOverflow(by: parts.count)
      try spend(bytes: overflow ? .max : size, at: offset)
      return try string(parts.joined(separator: new), at: offset)
    case "startswith", "endswith":
      try check(method, given, 1...1, at: offset)
      var options = [args[0]]
      if case .tuple(let several) = args[0].value { options = several.items }
      for index in options.indices {
        let part = Array(try self.text(options, index, of: method).utf8)
        let matches =
          method.name == "startswith"
          ? text.utf8.starts(with: part) : text.utf8.reversed().starts(with: part.reversed())
        if matches { return .bool(true) }
      }
      return .bool(false)
    case "find", "count":
      try check(method, given, 1...1, at: offset)
      let part = try self.text(args, 0, of: method)
      if method.name == "count" {
        if part.isEmpty { return .int(text.unicodeScalars.count + 1) }
        return .int(text.components(separatedBy: part).count - 1)
      }
      guard let at = find(part, in: text) else { return .int(-1) }
      return .int(String(decoding: Array(text.utf8)[..<at], as: UTF8.self).unicodeScalars.count)
    case "zfill":
      try check(method, given, 1...1, at: offset)
      guard let width = args[0].value.asInt else {
        throw fail("zfill() must be given a whole number, found \(args[0].value.typeName)", at: args[0].at)
      }
      try spend(bytes: max(0, width), at: offset)
      let isSigned = text.hasPrefix("-") || text.hasPrefix("+")
      let zeros = String(repeating: "0", count: max(0, width - text.unicodeScalars.count))
      return .string(isSigned ? text.prefix(1) + zeros + text.dropFirst() : zeros + text)
    default:
      try check(method, given, 0...0, at: offset)
      switch method.name {
      case "lower": return .string(text.lowercased())
      case "upper": return .string(text.uppercased())
      case "capitalize": return .string(text.prefix(1).uppercased() + text.dropFirst().lowercased())
      case "title": return .string(text.capitalized)
      default:
        return .bool(
          !text.isEmpty && text.unicodeScalars.allSatisfy { $0.properties.numericType == .decimal })
      }
    }
  }
}

extension String {
  /// `str.split`: at a separator, or at runs of blanks without empty parts.
  fileprivate func pythonSplit(_ separator: String?, limit: Int, fromEnd: Bool) -> [String] {
    guard let separator else {
      let scalars = Array(unicodeScalars)
      var words: [Range<Int>] = [], start: Int?
      for (index, scalar) in scalars.enumerated() {
        if scalar.properties.isWhitespace {
          if let first = start { words.append(first..<index) }
          start = nil
        } else if start == nil {
          start = index
        }
      }
      if let first = start { words.append(first..<scalars.count) }
      if limit >= 0, words.count > limit + 1 {
        if fromEnd {
          let cut = words.count - limit
          words = [0..<words[cut - 1].upperBound] + words[cut...]
        } else {
          words = words[..<limit] + [words[limit].lowerBound..<scalars.count]
        }
      }
      return words.map { String(String.UnicodeScalarView(scalars[$0])) }
    }
    let parts = components(separatedBy: separator)
    guard limit >= 0, parts.count > limit + 1 else { return parts }
    if fromEnd {
      let cut = parts.count - limit
      return [parts[..<cut].joined(separator: separator)] + parts[cut...]
    }
    return parts[..<limit] + [parts[limit...].joined(separator: separator)]
  }
}
