import Foundation
import Testing

@testable import Core

/// Results and gradients of PyTorch's spatial operators, written by `Tests/Fixtures/ops-spatial/make.py`.
enum SpatialGoldens {
  /// One value of an operator's attributes.
  enum Attribute: Decodable, Sendable {
    case none
    case bool(Bool)
    case number(Double)
    case numbers([Double])
    case string(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .none
      } else if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let value = try? container.decode([Double].self) {
        self = .numbers(value)
      } else {
        self = .string(try container.decode(String.self))
      }
    }
  }

  struct Input: Decodable, Sendable {
    var shape: [Int]
    var seed: Int
    var scale: Double
    var offset: Double
    var differentiable: Bool

    var tensor: Tensor { SpatialGoldens.pattern(shape, seed: seed, scale: scale, offset: offset) }
  }

  struct Output: Decodable, Sendable {
    var name: String
    var shape: [Int]
    var offset: Int

    /// What PyTorch computed.
    var expected: [Double] {
      SpatialGoldens.values[offset..<(offset + shape.reduce(1, *))].map { Double($0) }
    }
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var op: String
    var attributes: [String: Attribute]
    var inputs: [Input]
    var outputs: [Output]

    var testDescription: String { "\(op) \(inputs.map(\.shape)) \(attributes)" }

    func int(_ key: String) -> Int {
      guard case .number(let value) = attributes[key] else { return 0 }
      return Int(value)
    }
    func double(_ key: String) -> Double {
      guard case .number(let value) = attributes[key] else { return 0 }
      return value
    }
    func bool(_ key: String) -> Bool {
      guard case .bool(let value) = attributes[key] else { return false }
      return value
    }
    func string(_ key: String) -> String {
      guard case .string(let value) = attributes[key] else { return "" }
      return value
    }
    func ints(_ key: String) -> [Int]? {
      guard case .numbers(let values) = attributes[key] else { return nil }
      return values.map { Int($0) }
    }
    func pair(_ key: String) -> Pair {
      guard let values = ints(key), values.count == 2 else { return 0 }
      return Pair(h: values[0], w: values[1])
    }
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Fixtures/ops-spatial")

  static let cases: [Case] = {
    do {
      return try JSONDecoder().decode(
        [Case].self, from: Data(contentsOf: folder.appending(path: "cases.json")))
    } catch {
      Issue.record("ops-spatial: \(error)")
      return []
    }
  }()

  static let values: [Float] = {
    guard let data = try? Data(contentsOf: folder.appending(path: "values.f32")) else { return [] }
    return data.withUnsafeBytes { bytes in
      (0..<(bytes.count / 4)).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }()

  /// The inputs of the cases, as the script makes them.
  static func pattern(_ shape: [Int], seed: Int, scale: Double = 1, offset: Double = 0) -> Tensor {
    let values = (0..<shape.reduce(1, *)).map { (i: Int) -> Float in
      let number: Int = (i * 7919 + seed * 104729 + (i * i % 1009) * 31) % 2048 - 1024
      return Float(Double(number) / 512 * scale + offset)
    }
    return Tensor(values, shape: shape)
  }
}
