import Foundation
import OrderedCollections

/// Reads a file and, depth first, its bases.
struct ConfigLoader {
  let budget: Budget
  private(set) var warnings: [String] = []
  /// Absolute paths of the files that we are inside of.
  private var chain: [String] = []
  private var textBytes = 0

  init(limits: ConfigLimits) { budget = Budget(limits) }

  typealias Loaded = (root: ConfigDictionary, text: String)

  /// Reads the file at `path`; `asker` is the `_base_` that names it.
  mutating func load(_ path: String, askedAt asker: SourceLocation? = nil) throws(ConfigError) -> Loaded {
    let absolute = FilePath(path).absolute
    guard !chain.contains(absolute) else {
      let files = (chain.drop { $0 != absolute } + [absolute]).map { FilePath($0).name }.joined(
        separator: " -> ")
      throw ConfigError("_base_ must not lead back to its own file, found \(files)", at: asker)
    }
    guard chain.count < budget.limits.baseDepth else {
      throw ConfigError(
        "_base_ must be at most \(budget.limits.baseDepth) files deep, found a deeper one", at: asker)
    }
    guard budget.openFile() else {
      throw ConfigError(
        "a config must be made of at most \(budget.limits.files) files, found more", at: asker)
    }
    let text = try contents(of: path, absolute, asker)
    chain.append(absolute)
    defer { chain.removeLast() }
    return try read(text, name: path)
  }

  private func contents(of path: String, _ absolute: String, _ asker: SourceLocation?) throws(ConfigError)
    -> String
  {
    let what = asker == nil ? "a config" : "_base_"
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isDirectory) else {
      throw ConfigError("\(what) must name an existing file, found no file '\(path)'", at: asker)
    }
    guard !isDirectory.boolValue else {
      throw ConfigError("\(what) must name a file, found the folder '\(path)'", at: asker)
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: FilePath(absolute).resolved)
    guard attributes?[.type] as? FileAttributeType == .typeRegular else {
      throw ConfigError("\(what) must name a regular file, found '\(path)', which is none", at: asker)
    }
    let limit = budget.limits.fileBytes
    guard let handle = FileHandle(forReadingAtPath: absolute) else {
      throw ConfigError("\(what) must name a readable file, found that '\(path)' can't be opened", at: asker)
    }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: limit + 1) ?? Data() else {
      throw ConfigError("\(what) must name a readable file, found that '\(path)' can't be read", at: asker)
    }
    guard data.count <= limit else {
      throw ConfigError("a config file must have at most \(limit) bytes, found more in '\(path)'", at: asker)
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      let bytes = Array(data), valid = String(decoding: bytes, as: UTF8.self).utf8
      let index = zip(bytes, valid).prefix { $0 == $1 }.count
      let line = bytes[..<index].count { $0 == 10 } + 1
      throw ConfigError(
        "a config file must be UTF-8, found another byte", at: SourceLocation(file: path, line: line))
    }
    return text
  }

  /// Reads a text that stands, or could stand, in the file `name`.
  mutating func read(_ text: String, name: String) throws(ConfigError) -> Loaded {
    let file = FilePath(name), absolute = FilePath(file.absolute)
    guard text.utf8.count <= budget.limits.fileBytes else {
      throw ConfigError(
        "a config must have at most \(budget.limits.fileBytes) bytes, found more in '\(name)'")
    }
    textBytes += text.utf8.count
    guard textBytes <= budget.limits.fileBytes * 4 else {
      throw ConfigError("a config's files must have at most \(budget.limits.fileBytes * 4) bytes, found more")
    }
    let variables = [
      "fileDirname": absolute.directory, "fileBasename": absolute.name,
      "fileBasenameNoExtension": FilePath(absolute.name).withoutExtension, "fileExtname": absolute.extension,
    ]
    let source = SourceText(text, name: name, variables: variables)
    guard source.bytes.count <= budget.limits.fileBytes else {
      throw ConfigError(
        "a config must have at most \(budget.limits.fileBytes) bytes, found more in '\(name)'")
    }
    var own = try values(of: source, extension: file.extension)
    try warn(own.entries.removeValue(forKey: "_deprecation_"), name: name)
    let ownText = absolute.text + "\n" + text
    guard let base = own.entries.removeValue(forKey: "_base_") else {
      own = try filled(own, from: nil)
      return (own, ownText)
    }
    var merged = ConfigDictionary(), texts: [String] = []
    for (path, location) in try paths(of: base) {
      let loaded = try load(FilePath(path).inside(file.directory), askedAt: location)
      texts.append(loaded.text)
      for (key, node) in loaded.root.entries {
        if let first = merged.entries[key] {
          let other = first.location.map { " and \($0)" } ?? ""
          throw ConfigError(
            "a key must be given by one _base_ only, found '\(key)' in two: "
              + "\(node.location.map(\.description) ?? path)\(other)", at: location)
        }
        merged.entries[key] = node
      }
    }
    own = try filled(own, from: merged)
    try merged.merge(own)
    try checkSize(ConfigNode(.dictionary(merged)), name: name)
    return (merged, (texts + [ownText]).joined(separator: "\n"))
  }

  private func values(of source: SourceText, extension: String) throws(ConfigError) -> ConfigDictionary {
    switch `extension` {
    case ".json", ".yaml", ".yml":
      let marked = BaseVariable.marked(String(decoding: source.bytes, as: UTF8.self))
      let root: ConfigNode
      if `extension` == ".json" {
        root = try JSONReader.read(marked, name: source.name, limits: budget.limits)
      } else {
        root = try YAMLReader.read(marked, name: source.name, limits: budget.limits)
      }
      guard let dictionary = root.dictionary else {
        throw ConfigError("a config must be a dict, found \(root.typeName)", at: root.location)
      }
      return dictionary
    case ".py", "":
      let statements = try Parser.statements(of: source, limits: budget.limits)
      let interpreter = Interpreter(source, budget: budget)
      try interpreter.run(statements)
      return try interpreter.result()
    default:
      throw ConfigError("a config's name must end in .py, .json, .yaml or .yml, found '\(source.name)'")
    }
  }

  private func paths(of base: ConfigNode) throws(ConfigError) -> [(String, SourceLocation?)] {
    var nodes = [base]
    if case .list(let items) = base.value { nodes = items }
    var paths: [(String, SourceLocation?)] = []
    for node in nodes {
      guard let path = node.string, !path.isEmpty else {
        throw ConfigError(
          "_base_ must be a path or a list of paths, found \(node.typeName)", at: node.location)
      }
      paths.append((path, node.location))
    }
    return paths
  }

  private func filled(_ dictionary: ConfigDictionary, from bases: ConfigDictionary?) throws(ConfigError)
    -> ConfigDictionary
  {
    var node = ConfigNode(.dictionary(dictionary))
    try BaseVariable.fill(&node, from: bases, limits: budget.limits)
    return node.dictionary ?? dictionary
  }

  /// Values that base variables repeat are small in memory but not when walked.
  private func checkSize(_ node: ConfigNode, name: String) throws(ConfigError) {
    var count = 0
    func walk(_ node: ConfigNode, _ depth: Int) -> Bool {
      count += 1 + (node.string?.utf8.count ?? 0) / 32
      guard count <= budget.limits.values, depth <= budget.limits.nesting + 1 else { return false }
      switch node.value {
      case .list(let items), .tuple(let items): return items.allSatisfy { walk($0, depth + 1) }
      case .dictionary(let dictionary): return dictionary.entries.values.allSatisfy { walk($0, depth + 1) }
      case .none, .bool, .int, .float, .string: return true
      }
    }
    guard walk(node, 0) else {
      let limits = budget.limits
      throw ConfigError(
        "a config must have at most \(limits.values) values and \(limits.nesting) levels, found more with the bases of '\(name)'"
      )
    }
  }

  private mutating func warn(_ deprecation: ConfigNode?, name: String) throws(ConfigError) {
    guard let info = deprecation?.dictionary else { return }
    var text = "'\(name)' is deprecated"
    if let expected = info["expected"]?.string { text += "; use '\(expected)' instead" }
    if let reference = info["reference"]?.string { text += "; see \(reference)" }
    warnings.append(text)
  }
}
