import Cls
import Core
import Foundation
import PyConfig

/// The golden values of Tests/Fixtures/cls-multilabel.
struct MultiLabelCases: Decodable {
  struct Losses: Decodable {
    struct Case: Decodable {
      var config, target: String
      var weighted: Bool
      var factor: Double?
      var value, gradient: [Double]
    }
    var scores, hard, weight: [Double]
    var labels: [Int64]
    var cases: [Case]
  }
  struct Heads: Decodable {
    struct Case: Decodable {
      var config: String
      var input: [Int]
      var x: [Double]
      var state: [String: [Double]]
      var keys: [String]
      var prediction, loss, gradient: [Double]
      var gradients: [String: [Double]]
    }
    var target: [Double]
    var cases: [Case]
  }
  struct Necks: Decodable {
    struct Case: Decodable {
      var config: String
      var y, seed, gradient, power: [Double]
    }
    var input: [Int]
    var x: [Double]
    var cases: [Case]
  }
  struct Metrics: Decodable {
    struct Performance: Decodable {
      var options: String
      var values: [Double]
    }
    var scores: [Float]
    var targets: [Int8]
    var mAP: Double
    var performance: [Performance]
  }
  struct Fold: Decodable {
    var count: Int
    var seed: Int?
    var order: [Int]
  }
  struct Repeats: Decodable {
    var count: Int
    var options: [String: Int]
    var indices: [Int]
  }
  struct Cars: Decodable {
    var labels: [Int]
    var files: [String]
  }
  struct Annotations: Decodable {
    var xml: [String: String]
    var targets: [String: [Int8]]
  }

  var losses: Losses
  var heads: Heads
  var seesaw_keys: [String]
  var necks: Necks
  var fuse: [Entry]
  var metrics: Metrics
  var folds: [Fold]
  var repeats: [Repeats]
  var voc: Annotations
  var cars: Cars

  /// A key of a state dict and its shape.
  struct Entry: Decodable, Equatable {
    var key: String
    var shape: [Int]

    init(key: String, shape: [Int]) { (self.key, self.shape) = (key, shape) }

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      (key, shape) = (try list.decode(String.self), try list.decode([Int].self))
    }
  }

  static func load() throws -> MultiLabelCases {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = folder.appendingPathComponent("Fixtures/cls-multilabel/cases.json")
    return try JSONDecoder().decode(MultiLabelCases.self, from: Data(contentsOf: file))
  }

  static func tensor(_ values: [Double], _ shape: [Int]) -> Tensor {
    Tensor(values.map { Float($0) }, shape: shape)
  }

  static var context: BuildContext {
    var registries = Registries()
    registerCoreRuntime(&registries)
    registerDatasetWrappers(&registries)
    registerClassification(&registries)
    return BuildContext(registries: registries, scope: "mmcls")
  }

  /// A value in the config language.
  static func node(_ text: String) throws -> ConfigNode {
    guard let node = try Config.parse(text: "x = \(text)", name: "c.py").root["x"] else {
      throw InvalidConfig("no value in \(text)")
    }
    return node
  }

  static func dataset(_ text: String, isTesting: Bool = false) throws -> any Dataset {
    var context = context
    context.isTesting = isTesting
    return try buildDataset(node(text), path: "data", context)
  }

  /// A folder that goes when the value does.
  final class Folder {
    let path: String

    init() throws {
      path = FileManager.default.temporaryDirectory.appendingPathComponent("cls-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a text file, folders above it included.
    func write(_ name: String, _ text: String) throws {
      let file = URL(fileURLWithPath: path).appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
  }
}
