import Cls
import Core
import Foundation
import OrderedCollections
import PyConfig

/// What golden values of Tests/Fixtures/cls-* share.
enum Golden {
  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures").path

  static func path(_ name: String) -> String { "\(fixtures)/\(name)" }

  static func json<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// FNV-1a of 64 bits, in hexadecimal digits.
  static func hash(_ bytes: some Sequence<UInt8>) -> String {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Numbers in -1..<1 that the scripts know too.
  static func pattern(_ count: Int, seed: Int) -> [Double] {
    (1...max(1, count)).prefix(count).map { index in
      var x = (UInt64(index) &* 2_654_435_761 &+ UInt64(seed) &* 97531) & 0xffff_ffff
      x ^= x >> 15
      x = (x &* 2_246_822_519) & 0xffff_ffff
      x ^= x >> 13
      return Double(x >> 8) / 8_388_608 - 1
    }
  }

  static func images(_ shape: [Int], seed: Int) -> Tensor {
    Tensor(pattern(shape.reduce(1, *), seed: seed).map { Float($0) }, shape: shape)
  }

  /// Gives a model the weights that the scripts give theirs.
  static func fill(_ model: Module) {
    for (index, (key, entry)) in model.state.enumerated() where !key.hasSuffix("num_batches_tracked") {
      let shape = entry.value.shape
      let count = shape.reduce(1, *)
      let scale = (6 / Double(max(1, count / max(1, shape.first ?? 1)))).squareRoot()
      let values = pattern(count, seed: index).map { value -> Float in
        if key.hasSuffix("running_var") { return Float(value * 0.25 + 0.75) }
        if key.hasSuffix("running_mean") || key.hasSuffix("bias") { return Float(value * 0.1) }
        return shape.count == 1 ? Float(value * 0.25 + 1) : Float(value * scale)
      }
      entry.assign(Tensor(values, shape: shape))
    }
  }
}

/// Everything that classification configs can name.
func classificationContext(isTesting: Bool = false) -> BuildContext {
  var registries = Registries()
  registerCoreRuntime(&registries)
  registerDatasetWrappers(&registries)
  registerClassification(&registries)
  var context = BuildContext(registries: registries, scope: "mmcls")
  context.isTesting = isTesting
  return context
}

/// A value of the config language; errors name it `c.py`.
func node(_ text: String) throws -> ConfigNode {
  guard let node = try Config.parse(text: "x = \(text)", name: "c.py").root["x"] else {
    throw InvalidConfig("no value in \(text)")
  }
  return node
}

func pipeline(_ text: String) throws -> Pipeline {
  try Pipeline(node(text), path: "pipeline", classificationContext())
}

func backbone(_ text: String) throws -> any Backbone {
  let context = classificationContext()
  return try context.registries.backbones.build(node(text), path: "model.backbone", context: context)
}

func classifier(_ text: String) throws -> ImageClassifier {
  let context = classificationContext()
  return try context.registries.classifiers.build(node(text), path: "model", context: context)
}

func dataset(_ text: String, isTesting: Bool = false) throws -> any Dataset {
  try buildDataset(node(text), path: "data.train", classificationContext(isTesting: isTesting))
}

/// The text of the error that `body` throws, or `nothing`.
func errorText(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing"
  } catch {
    return "\(error)"
  }
}

/// A folder with files that is removed at the end.
final class TemporaryFolder {
  let path: String

  init(_ files: [String: [UInt8]] = [:]) throws {
    path = NSTemporaryDirectory() + "cls-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, bytes) in files { try write(name, bytes) }
  }

  convenience init(texts: [String: String]) throws { try self.init(texts.mapValues { Array($0.utf8) }) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
