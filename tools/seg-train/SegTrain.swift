import ArgumentParser
import Core
import Seg
import ToolSupport

/// Trains a segmentor from a config file.
@main
struct SegTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seg-train", abstract: "Train a semantic segmentation model from a config file.")

  @OptionGroup var config: ConfigOptions
  @OptionGroup var options: TrainOptions

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("seg-train") {
      let training = TrainingRun(SegmentationTask(), registries: allRegistries())
      try training(try options.request(config))
    }
  }
}
