import ArgumentParser
import Core
import PyConfig

/// The config file and what the command line changes in it.
public struct ConfigOptions: ParsableArguments {
  @Argument(help: "The config file (.py, .yaml or .json).")
  public var config: String

  @Option(
    name: .customLong("cfg-options"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Override settings of the config: a.b.0.c=value; lists as key=\"[a,b]\" or key=a,b.",
      valueName: "key=value"))
  public var options: [String] = []

  public init() {}

  public mutating func validate() throws {
    for option in options where !option.contains("=") {
      throw ValidationError("--cfg-options takes key=value, found '\(option)'")
    }
  }

  /// Reads the config with its bases and applies the options.
  public func load() throws -> Config { try Config.load(path: config, options: options) }
}
