import ArgumentParser
import Cls
import Core
import PyConfig
import ToolSupport

/// Classifies pictures, prints the five most probable classes of each, and draws them.
@main
struct ImageDemo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image-demo", abstract: "Classify pictures with the model of a config.")

  @Argument(help: "The config file (.py, .yaml or .json).")
  var config: String

  @Argument(help: "The checkpoint file (.pth or .safetensors).")
  var checkpoint: String

  @Argument(help: "The pictures.")
  var images: [String]

  @Option(
    name: .customLong("out-file"),
    help: "Where to draw the result; for several pictures, with their numbers added.")
  var outFile: String?

  @Option(
    name: .customLong("cfg-options"), parsing: .upToNextOption,
    help: "Override settings of the config: a.b.0.c=value.")
  var options: [String] = []

  mutating func validate() throws {
    if images.isEmpty { throw ValidationError("at least one picture") }
  }

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("image-demo") {
      let classify = try ImageClassification(
        config: try Config.load(path: config, options: options), checkpoint: checkpoint,
        registries: allRegistries(),
        notice: { Tool.note($0) })
      for (index, path) in images.enumerated() {
        let predictions = try classify(path)
        let lines = predictions.map { "\($0.label) \($0.name): \(PythonText.fixed(Double($0.score), 4))" }
        print("\(path)\n  \(lines.joined(separator: "\n  "))")
        guard let outFile else { continue }
        try ResultPictures.draw(lines, on: try Image.read(path: path)).write(path: numbered(outFile, index))
      }
    }
  }

  /// `out.png` for one picture, `out_0.png`, `out_1.png`, ... for several.
  private func numbered(_ path: String, _ index: Int) -> String {
    guard images.count > 1 else { return path }
    guard let dot = path.lastIndex(of: ".") else { return "\(path)_\(index)" }
    return "\(path[..<dot])_\(index)\(path[dot...])"
  }
}
