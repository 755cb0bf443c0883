import Core
import Foundation
import OrderedCollections
import PyConfig
import Seg
import Testing
import TestSupport

/// What golden values of Tests/Fixtures/seg-models share with the script that made them.
enum SegGolden {
  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures").path

  static func json<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/\(name)")))
  }

  /// Numbers in -1..<1.
  static func pattern(_ count: Int, seed: Int) -> [Double] {
    (1...max(1, count)).prefix(count).map { index in
      var x = (UInt64(index) &* 2_654_435_761 &+ UInt64(seed) &* 97531) & 0xffff_ffff
      x ^= x >> 15
      x = (x &* 2_246_822_519) & 0xffff_ffff
      x ^= x >> 13
      return Double(x >> 8) / 8_388_608 - 1
    }
  }

  static func tensor(_ shape: [Int], seed: Int) -> Tensor {
    Tensor(pattern(shape.reduce(1, *), seed: seed).map { Float($0) }, shape: shape)
  }

  /// Blocks of 4x4 pixels of one class; one block in `classes + 1` is ignored.
  static func labels(_ shape: [Int], classes: Int, seed: Int = 500) -> Tensor {
    let (n, h, w) = (shape[0], shape[shape.count - 2], shape[shape.count - 1])
    let (rows, columns) = ((h + 3) / 4, (w + 3) / 4)
    let blocks = pattern(n * rows * columns, seed: seed).map { value -> Int64 in
      let label = Int64(((value + 1) / 2 * Double(classes + 1)).rounded(.down))
      return label == classes ? 255 : label
    }
    var values: [Int64] = []
    for i in 0..<n {
      for y in 0..<h { for x in 0..<w { values.append(blocks[(i * rows + y / 4) * columns + x / 4]) } }
    }
    return Tensor(values, shape: shape)
  }

  /// Gives a model the weights that the script gives its own.
  static func fill(_ model: Module) {
    for (index, (key, entry)) in model.state.enumerated() {
      if ["num_batches_tracked", "laplacian_kernel", "fusion_kernel"].contains(where: { key.hasSuffix($0) }) {
        continue
      }
      let shape = entry.value.shape
      let count = shape.reduce(1, *)
      let scale = (6 / Double(max(1, count / max(1, shape.first ?? 1)))).squareRoot()
      let values = pattern(count, seed: index).map { value -> Float in
        if key.hasSuffix("running_var") { return Float(value * 0.25 + 0.75) }
        if key.hasSuffix("running_mean") || key.hasSuffix("bias") { return Float(value * 0.1) }
        return shape.count <= 1 ? Float(value * 0.25 + 1) : Float(value * scale)
      }
      entry.assign(Tensor(values, shape: shape))
    }
  }

  static func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}

/// A tensor as the script describes it: its shape, its norm and some of its elements.
struct Described: Decodable, Sendable {
  var shape: [Int]
  var norm: Double
  var values: [Double]

  func expect(
    _ tensor: Tensor, relative: Double = 1e-3, _ what: String = "",
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) {
    #expect(tensor.shape == shape, "\(what)", sourceLocation: sourceLocation)
    guard tensor.shape == shape else { return }
    let values = tensor.detached().floats
    let found = SegGolden.norm(values)
    #expect(
      abs(found - norm) <= 1e-4 * norm + 1e-6, "\(what): norm \(found), expected \(norm)",
      sourceLocation: sourceLocation)
    let step = max(1, values.count / self.values.count)
    let picked = stride(from: 0, to: values.count, by: step).prefix(self.values.count).map { values[$0] }
    let scale = norm / Double(max(1, values.count)).squareRoot()
    expectClose(
      Array(picked), self.values, relative: relative, absolute: 3e-4 * scale + 1e-7, what,
      sourceLocation: sourceLocation)
  }
}

/// A name and a number of a list that Python wrote, in order.
struct NamedNumber: Decodable, Sendable {
  var name: String
  var value: Double

  init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    (name, value) = (try container.decode(String.self), try container.decode(Double.self))
  }
}

/// An entry of a state dict.
struct StateEntry: Decodable, Sendable, Equatable {
  var key: String
  var shape: [Int]

  init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    (key, shape) = (try container.decode(String.self), try container.decode([Int].self))
  }

  init(_ key: String, _ shape: [Int]) { (self.key, self.shape) = (key, shape) }

  static func list(_ model: Module) -> [StateEntry] {
    model.state.map { StateEntry($0.key, $0.value.value.shape) }
  }
}

/// Expects gradients by their norms, in the order of the script; those that are 0 there may be missing here.
func expectGradients(
  _ found: [(key: String, gradient: Tensor?)], _ expected: [NamedNumber], relative: Double = 2e-3,
  _ what: String = "",
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) {
  let largest = expected.map(\.value).max() ?? 1
  let norms = Dictionary(
    uniqueKeysWithValues: found.map { ($0.key, SegGolden.norm($0.gradient?.floats ?? [])) })
  for entry in expected {
    let norm = norms[entry.name] ?? .nan
    #expect(
      abs(norm - entry.value) <= relative * entry.value + 2e-5 * largest,
      "\(what) \(entry.name): \(norm), expected \(entry.value)", sourceLocation: sourceLocation)
  }
}

/// Everything that segmentation configs can name.
func segmentationContext() -> BuildContext {
  var registries = Registries()
  registerCoreRuntime(&registries)
  registerSegmentation(&registries)
  return BuildContext(registries: registries, scope: "mmseg")
}

/// A value of the config language; errors name it `c.py`.
func segNode(_ text: String) throws -> ConfigNode {
  guard let node = try Config.parse(text: "x = \(text)", name: "c.py").root["x"] else {
    throw InvalidConfig("no value in \(text)")
  }
  return node
}

func decodeHead(_ text: String) throws -> DecodeHead {
  let context = segmentationContext()
  return try context.registries.decodeHeads.build(segNode(text), path: "model.decode_head", context: context)
}

/// The text of the error that `body` throws, or `nothing`.
func segErrorText(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing"
  } catch {
    return "\(error)"
  }
}
