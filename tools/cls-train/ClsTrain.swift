import ArgumentParser
import Cls
import Core
import ToolSupport

/// Trains an image classifier from a config file.
@main
struct ClsTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cls-train", abstract: "Train an image classifier from a config file.")

  @OptionGroup var config: ConfigOptions
  @OptionGroup var options: TrainOptions

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("cls-train") {
      let registries = allRegistries()
      let training = TrainingRun(ClassificationTask(registries: registries), registries: registries)
      try training(try options.request(config))
    }
  }
}
