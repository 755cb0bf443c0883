import ArgumentParser
import Cls
import Core
import Foundation
import OrderedCollections
import PyConfig
import TorchFile
import ToolSupport

/// Makes a checkpoint of this suite from one of torchvision, or changes its format (.pth, .safetensors).
@main
struct ConvertCheckpoint: ParsableCommand {
  enum Source: String, ExpressibleByArgument, CaseIterable {
    case auto, none, torchvision
  }

  static let configuration = CommandConfiguration(
    commandName: "convert-checkpoint",
    abstract: "Convert torchvision's classifiers to the keys of mmcls, or a checkpoint to another format.")

  @Argument(help: "The checkpoint to read (.pth or .safetensors).")
  var source: String

  @Argument(help: "The checkpoint to write (.pth or .safetensors).")
  var destination: String

  @Option(help: "Whose keys it has: torchvision, none (keys stay), or auto.")
  var from = Source.auto

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("convert-checkpoint") {
      var checkpoint = try Checkpoint(path: source)
      let known = from == .none ? nil : TorchvisionKeys(recognizing: checkpoint.state.keys)
      if let known {
        checkpoint.state = try known.convert(checkpoint.state)
        if let head = checkpoint.state["head.fc.weight"], head.shape.first == ImageNetClasses.names.count {
          checkpoint.meta["CLASSES"] = ConfigNode(
            .list(ImageNetClasses.names.map { ConfigNode(.string($0)) }))
        }
        checkpoint.optimizer = nil
        print("\(source): torchvision's \(known.rawValue), \(checkpoint.state.count) entries renamed")
      } else if from == .torchvision {
        throw DataError(
          "must be one of torchvision's \(TorchvisionKeys.allCases.map(\.rawValue).joined(separator: ", ")); its first keys are "
            + checkpoint.state.keys.prefix(5).joined(separator: ", "), file: source)
      }
      try checkpoint.write(to: destination)
      print("wrote \(destination)")
    }
  }
}
