import Core
import Det
import Foundation
import PyConfig

/// Weights and inputs that follow a formula, which the scripts of fixtures know too.
enum Formula {
  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures").path

  static func json<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try decoder.decode(Value.self, from: Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/\(name)")))
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

  /// Gives a model the weights that the scripts give theirs.
  static func fill(_ model: Module) {
    for (index, (key, entry)) in model.state.enumerated()
    where !key.hasSuffix("num_batches_tracked") && !key.hasSuffix("cum_samples") {
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

  static func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}

/// Everything that configs of detection and segmentation can name.
func formulaContext(_ scope: String = "mmdet") -> BuildContext {
  var registries = Registries()
  registerDetection(&registries)
  return BuildContext(registries: registries, scope: scope)
}

/// A value of the config language; errors name it `c.py`.
func configNode(_ text: String) throws -> ConfigNode {
  guard let node = try Config.parse(text: "x = \(text)", name: "c.py").root["x"] else {
    throw InvalidConfig("no value in \(text)")
  }
  return node
}

/// The text of the error that `body` throws, or `nothing`.
func textOfError(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing"
  } catch {
    return "\(error)"
  }
}
