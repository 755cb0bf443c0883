import Core
import Cls
import Foundation
import PyConfig
import Testing
import ToolSupport

/// Every config of the repository.
struct ConfigsTests {
  /// Paths below `configs`, without the bases.
  static let files: [String] = {
    let found = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(".py") && !$0.contains("_base_/") }.sorted()
  }()
  private static let folder = Executables.repository.appendingPathComponent("configs")

  @Test func `there are configs`() {
    #expect(Self.files.contains("cls/lenet/lenet5_fashion_mnist.py"))
  }

  @Test(arguments: files) func `resolves, builds its model and names what a run needs`(file: String) throws {
    let config = try Config.load(path: Self.folder.appendingPathComponent(file).path)
    #expect(config.warnings.isEmpty)
    let context = BuildContext(registries: allRegistries(), scope: "mm\(file.prefix(3))")
    let node = try #require(config.root["model"])
    let model = try withoutInitialValues { try buildAnyModel(node, path: "model", context.registries) }
    #expect(model.parameterCount > 0)
    let optimizer = try buildOptimizer(try #require(config.root["optimizer"]), for: model, context: context)
    #expect(!optimizer.groups.isEmpty)
    _ = try context.registries.runners.build(
      try #require(config.root["runner"]), path: "runner", context: context)
    for part in ["train", "val", "test"] {
      let pipeline = try #require(
        config.root["data.\(part).pipeline"] ?? config.root["data.\(part).dataset.pipeline"])
      _ = try Pipeline(pipeline, path: "data.\(part).pipeline", context)
      _ = try LoaderSettings(config.root["data"], role: try #require(LoaderSettings.Role(rawValue: part)))
    }
  }
}
