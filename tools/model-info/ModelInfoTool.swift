import ArgumentParser
import Core
import PyConfig
import ToolSupport

/// Prints what a config's model is made of: its state dict, its parameters, the work of a forward pass.
@main
struct ModelInfoTool: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  static let configuration = CommandConfiguration(
    commandName: "model-info", abstract: "Print the state dict, parameters and flops of a config's model.")

  @OptionGroup var config: ConfigOptions

  @Flag(name: .customLong("state-dict"), help: "List names and shapes of all parameters and buffers.")
  var stateDict = false

  @Flag(help: "Count the operations of a forward pass (the default without --state-dict).")
  var flops = false

  @Option(parsing: .upToNextOption, help: "Height and width of the picture; one number for a square.")
  var shape: [Int] = [224, 224]

  @Option(help: "text or json.")
  var format = Format.text

  mutating func validate() throws {
    guard (1...2).contains(shape.count), shape.allSatisfy({ $0 > 0 && $0 < 1 << 20 }) else {
      throw ValidationError("--shape takes one or two positive numbers, found \(shape)")
    }
  }

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("model-info") {
      let counts = flops || !stateDict
      let info = try ModelInfo(
        try config.load(), registries: allRegistries(), height: shape[0], width: shape[shape.count - 1],
        countsFlops: counts)
      if format == .json { return print(info.json(includingState: stateDict)) }
      if stateDict {
        for (key, shape) in info.state { print("\(key) \(shape)") }
        print("\(info.state.count) entries, \(info.parameters) parameters")
      }
      guard let flops = info.flops else { return }
      let complexity = Complexity(flops: flops, parameters: info.parameters)
      let line = String(repeating: "=", count: 30)
      print("\(line)\nInput shape: (\(info.inputShape.map(String.init).joined(separator: ", ")))")
      print("Flops: \(complexity.flopsText)\nParams: \(complexity.parametersText)\n\(line)")
      print("Counted as mmcv counts; operations that it does not know are left out.")
    }
  }
}
