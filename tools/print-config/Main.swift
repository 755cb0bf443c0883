import ArgumentParser
import Foundation
import PyConfig
import ToolSupport

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

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("print-config") {
      for file in files {
        let config = try Config.load(path: file, options: options)
        for warning in config.warnings { Tool.note("print-config: warning: \(warning)") }
        var text = config.dump(format)
        if !text.hasSuffix("\n") { text += "\n" }
        if format == .py { text = "Config:\n" + text }
        try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
      }
    }
  }
}

extension Config.Format: ExpressibleByArgument {}
