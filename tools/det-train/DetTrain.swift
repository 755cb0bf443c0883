import ArgumentParser
import Core
import Det
import ToolSupport

/// Trains a detector from a config file.
@main
struct DetTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "det-train", abstract: "Train a detector from a config file.")

  @OptionGroup var config: ConfigOptions
  @OptionGroup var options: TrainOptions

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("det-train") {
      let training = TrainingRun(DetectionTask(), registries: allRegistries())
      try training(try options.request(config))
    }
  }
}
