import OrderedCollections

/// `{{ _base_.x.y }}`: stands as a mark in strings until the bases are known.
enum BaseVariable {
  // Code points that no text may hold.
  private static let opening: Unicode.Scalar = "\u{10FFFE}"
  private static let closing: Unicode.Scalar = "\u{10FFFF}"

  static func mark(_ path: String) -> String { "\(Character(opening))\(path)\(Character(closing))" }

  static func isIn(_ text: String) -> Bool { text.unicodeScalars.contains { $0 == opening || $0 == closing } }

  /// Replaces `{{ _base_.x }}` by marks, in quotes where none stand around it (JSON and YAML).
  static func marked(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = [], i = 0
    while i < bytes.count {
      guard let (end, path) = SourceText.basePlaceholder(in: bytes, at: i) else {
        result.append(bytes[i])
        i += 1
        continue
      }
      let isQuoted =
        i > 0 && end < bytes.count && (bytes[i - 1] == 34 || bytes[i - 1] == 39) && bytes[end] == bytes[i - 1]
      result += (isQuoted ? mark(path) : "\"\(mark(path))\"").utf8
      i = end
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Fills in the marks of `node` from the merged bases; `bases` is `nil` in a file without `_base_`.
  ///
  /// A string that is one mark becomes the base's value, whatever its type; marks inside a longer string become text.
  static func fill(_ node: inout ConfigNode, from bases: ConfigDictionary?, limits: ConfigLimits)
    throws(ConfigError)
  {
    var bytes = 0
    try fill(&node, from: bases, &bytes, limits)
  }

  private static func fill(
    _ node: inout ConfigNode, from bases: ConfigDictionary?, _ bytes: inout Int, _ limits: ConfigLimits
  ) throws(ConfigError) {
    switch node.value {
    case .string(let text):
      guard isIn(text) else { return }
      node = try filled(text, from: bases, &bytes, limits, at: node.location)
    case .list(var items):
      for index in items.indices { try fill(&items[index], from: bases, &bytes, limits) }
      node.value = .list(items)
    case .tuple(var items):
      for index in items.indices { try fill(&items[index], from: bases, &bytes, limits) }
      node.value = .tuple(items)
    case .dictionary(var dictionary):
      for index in dictionary.entries.values.indices {
        try fill(&dictionary.entries.values[index], from: bases, &bytes, limits)
      }
      node.value = .dictionary(dictionary)
    case .none, .bool, .int, .float: return
    }
  }

  private static func filled(
    _ text: String, from bases: ConfigDictionary?, _ bytes: inout Int, _ limits: ConfigLimits,
    at location: SourceLocation?
  ) throws(ConfigError) -> ConfigNode {
    let scalars = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    var i = 0
    while i < scalars.count {
      guard scalars[i] == opening, let end = scalars[i...].firstIndex(of: closing) else {
        result.append(scalars[i])
        i += 1
        continue
      }
      let path = String(String.UnicodeScalarView(scalars[i + 1..<end]))
      let value = try look(path, in: bases, at: location)
      if i == 0, end == scalars.count - 1 { return ConfigNode(value.value, at: location) }
      guard value.items == nil, value.dictionary == nil else {
        throw ConfigError(
          "'{{ _base_.\(path) }}' inside a text must be a text or a number, found \(value.typeName)",
          at: location)
      }
      let insert = value.string ?? pythonRepr(value)
      bytes += insert.utf8.count
      guard bytes <= limits.stringBytes else {
        throw ConfigError(
          "base variables must add at most \(limits.stringBytes) bytes, found more", at: location)
      }
      result.append(contentsOf: insert.unicodeScalars)
      i = end + 1
    }
    return ConfigNode(.string(String(result)), at: location)
  }

  private static func look(_ path: String, in bases: ConfigDictionary?, at location: SourceLocation?)
    throws(ConfigError) -> ConfigNode
  {
    guard let bases else {
      throw ConfigError(
        "'{{ _base_.\(path) }}' must stand in a config that has a _base_, found none", at: location)
    }
    var node = ConfigNode(.dictionary(bases)), walked = "_base_"
    for key in path.split(separator: ".", omittingEmptySubsequences: false).map(String.init) {
      guard let next = node.child(key) else {
        let keys = node.dictionary.map { Array($0.keys) } ?? []
        let help = hint(key, among: keys)
        throw ConfigError(
          "'{{ _base_.\(path) }}' must exist in the bases, found no '\(key)' in \(walked)\(help)",
          at: location)
      }
      (node, walked) = (next, walked + "." + key)
    }
    return node
  }
}
