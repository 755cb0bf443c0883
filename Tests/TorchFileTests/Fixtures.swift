import Foundation
import OrderedCollections
import Testing

@testable import TorchFile

/// The files of `Tests/Fixtures/torchfile`, made by its `make.py`.
enum Fixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/torchfile").path

  static func path(_ name: String) -> String { folder + "/" + name }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path(name))))
  }

  /// Lines of a path in the value and a text, by file.
  static func expected() throws -> [String: [[String]]] {
    let data = try Data(contentsOf: URL(filePath: path("expected.json")))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: [[String]]])
  }

  /// A value in the form of `expected.json`.
  static func lines(_ value: PickleValue, _ at: String = "") -> [[String]] {
    func items(_ name: String, _ values: [PickleValue]) -> [[String]] {
      [[at, "\(name) \(values.count)"]] + values.enumerated().flatMap { lines($1, "\(at)[\($0)]") }
    }
    switch value {
    case .none: return [[at, "None"]]
    case .bool(let value): return [[at, value ? "True" : "False"]]
    case .int(let value): return [[at, "\(value)"]]
    case .bigInteger(let bytes): return [[at, "big \(hexadecimal(bytes))"]]
    case .float(let value):
      return [[at, "float " + hexadecimal(littleEndianBytes([value.bitPattern]).reversed())]]
    case .string(let value):
      // A device is a string here.
      return [[at, value == "cpu" || value.hasPrefix("cuda:") ? value : "str " + value]]
    case .bytes(let bytes): return [[at, "bytes " + hexadecimal(bytes)]]
    case .symbol(let name): return [[at, name]]
    case .tensor(let tensor):
      let shape = tensor.shape.map(String.init).joined(separator: ", ")
      return [[at, "\(tensor.scalarType) [\(shape)] \(hexadecimal(tensor.bytes))"]]
    case .list(let values): return items("list", values)
    case .tuple(let values): return items("tuple", values)
    case .set(let values): return items("set", values.sorted { "\($0)" < "\($1)" })
    case .dictionary(let dictionary):
      let kind =
        switch dictionary.kind {
        case .ordered: "ordered"
        case .counter: "counter"
        case .defaulting: "defaulting"
        case .plain, .record: "dict"
        }
      return [[at, "\(kind) \(dictionary.count)"]]
        + dictionary.entries.flatMap { lines($0.value, "\(at)/\(text($0.key))") }
    }
  }

  /// A key as Python's f-strings show it.
  private static func text(_ key: PickleKey) -> String {
    switch key {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): "\(value)"
    case .float(let value): "\(value)"
    case .string(let value): value
    case .bytes(let value): "\(value)"
    case .tuple(let keys):
      "(" + keys.map { $0.string.map { "'\($0)'" } ?? text($0) }.joined(separator: ", ") + ")"
    }
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

/// A folder that is removed with its content when the value goes.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "torchfile-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}
