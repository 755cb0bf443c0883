import OrderedCollections

/// A config: a dictionary that was read from a file and its bases, or from a text.
public struct Config: Sendable {
  /// A dictionary.
  public var root: ConfigNode
  /// As it was given.
  public var filename: String
  /// The texts of the bases and of the file itself, each after a line with its path.
  public var text: String
  /// What the files say about themselves (`_deprecation_`), one line each.
  public var warnings: [String] = []

  /// A config made by the program.
  public init(root: ConfigDictionary, filename: String = "", text: String = "") {
    (self.root, self.filename, self.text) = (ConfigNode(.dictionary(root)), filename, text)
  }

  /// Reads a `.py`, `.json`, `.yaml` or `.yml` file with its bases and merges `options` (`--cfg-options`) into it.
  ///
  /// Python files are evaluated, never executed; see `docs/config.md` for the language.
  public static func load(path: String, options: [String] = []) throws(ConfigError) -> Config {
    try load(path: path, options: options, limits: .standard)
  }

  /// Reads a config within the given limits.
  public static func load(path: String, options: [String] = [], limits: ConfigLimits) throws(ConfigError)
    -> Config
  {
    var config = try onLargeStack { () throws(ConfigError) in
      var loader = ConfigLoader(limits: limits)
      let loaded = try loader.load(path)
      return try Config(loaded, name: path, warnings: loader.warnings)
    }
    if !options.isEmpty { try config.merge(options: options) }
    return config
  }

  /// Reads a text as the file `name` would be read; a `_base_` in it is looked for beside that file.
  ///
  /// A name without one of the known extensions is taken to be Python.
  public static func parse(text: String, name: String = "<config>") throws(ConfigError) -> Config {
    try parse(text: text, name: name, limits: .standard)
  }

  /// Reads a text within the given limits.
  public static func parse(text: String, name: String, limits: ConfigLimits) throws(ConfigError) -> Config {
    try onLargeStack { () throws(ConfigError) in
      var loader = ConfigLoader(limits: limits)
      let loaded = try loader.read(text, name: name)
      return try Config(loaded, name: name, warnings: loader.warnings)
    }
  }

  /// Merges options such as `model.backbone.depth=101` or `data.train.pipeline.0.type=LoadImage`.
  public mutating func merge(options: [String]) throws(ConfigError) {
    let changes = try ConfigOptions.dictionary(options)
    var merged = root.dictionary ?? ConfigDictionary()
    try merged.merge(changes, intoLists: true)
    root.value = .dictionary(merged)
  }

  /// The value at a path such as `model.backbone.depth` or `data.train.pipeline.0`.
  public subscript(path: String) -> ConfigNode? {
    get { root[path] }
    set { root[path] = newValue }
  }

  public enum Format: String, Sendable, CaseIterable {
    case py, json, yaml
  }

  /// The config as text that reads back to the same values; the order of keys is kept.
  public func dump(_ format: Format) -> String {
    switch format {
    case .py: PythonDump.text(of: root)
    case .json: JSONDump.text(of: root)
    case .yaml: YAMLDump.text(of: root)
    }
  }

  private init(_ loaded: ConfigLoader.Loaded, name: String, warnings: [String]) throws(ConfigError) {
    self.init(root: loaded.root, filename: name, text: loaded.text)
    self.warnings = warnings
    for key in ["filename", "text", "pretty_text"] {
      if let node = root.child(key) {
        throw ConfigError(
          "a config must not have the key '\(key)', which is reserved, found it", at: node.location)
      }
    }
  }
}
