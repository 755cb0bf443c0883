import ArgumentParser
import Foundation
import PyConfig

/// Prints configs: `print-config FILE... [--format py|json|yaml] [--cfg-options k=v ...]`.
@main struct PrintConfig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "print-config", abstract: "Prints a config with its bases and options merged.",
    discussion: "Exit codes: 0 done, 1 failed, 2 bad usage or a config that can't be read.")

  @Argument(help: "Config files (.py, .json, .yaml).")
  var files: [String]

  @Option(help: "How to print: py, json or yaml.")
  var format = Config.Format.py

  @Option(
    name: .customLong("cfg-options"), parsing: .upToNextOption,
    help: "Changes, as in model.backbone.depth=101 'data.train.pipeline.1.scale=(1333,800)'.")
  var options: [String] = []

  func run() throws {
    for file in files {
      let config: Config
      do throws(ConfigError) {
        config = try Config.load(path: file, options: options)
      } catch {
        Self.complain("error: \(error)")
        throw ExitCode(2)
      }
      for warning in config.warnings { Self.complain("warning: \(warning)") }
      var text = config.dump(format)
      if !text.hasSuffix("\n") { text += "\n" }
      if format == .py { text = "Config:\n" + text }
      do {
        try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
      } catch {
        Self.complain("error: standard output must take the config, found: \(error.localizedDescription)")
        throw ExitCode(1)
      }
    }
  }

  private static func complain(_ message: String) {
    FileHandle.standardError.write(Data("print-config: \(message)\n".utf8))
  }

  /// Bad usage ends with 2, as in every tool.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let code as ExitCode {
      exit(withError: code)
    } catch {
      guard exitCode(for: error) != .success else { exit(withError: error) }
      complain("error: \(message(for: error)); see print-config --help")
      exit(withError: ExitCode(2))
    }
  }
}

extension Config.Format: ExpressibleByArgument {}
