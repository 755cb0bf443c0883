import Core
import Foundation
import OrderedCollections
import TestSupport
import Testing
import TorchFile

/// Files of other sizes and of other authors become what the originals make of them; values:
/// Fixtures/transformers/make_checkpoints.py.
@Suite struct TransformerCheckpointTests {
  struct Entry: Decodable, Sendable {
    var key: String
    var shape: [Int]
  }

  struct Loaded: Decodable, Sendable {
    var norm: Double
    var values: [Double]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var suite, config: String
    /// Whether the file is one to begin with.
    var begins: Bool
    var file: [Entry]
    var loaded: [String: Loaded]
    var testDescription: String { "\(suite) \(config)" }
  }

  static let cases: [Case] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = folder.appendingPathComponent("Fixtures/transformers/checkpoints.json")
    return (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: path))) ?? []
  }()

  @Test func `there are cases`() {
    #expect(Self.cases.count >= 10)
  }

  @Test(arguments: cases) func `the same weights arrive at the same places`(_ golden: Case) throws {
    let model = try TransformerTests.backbone(golden.suite, golden.config)
    let before = model.stateDict.mapValues { $0.dtype == .float32 ? $0.floats : [] }
    var checkpoint = Checkpoint()
    for (index, entry) in golden.file.enumerated() {
      let values = Formula.pattern(entry.shape.reduce(1, *), seed: index).map { Float($0 * 0.5) }
      checkpoint.state[entry.key] = StoredTensor(float32: values, shape: entry.shape)
    }
    let path = NSTemporaryDirectory() + "transformer-\(UUID().uuidString).pth"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try checkpoint.write(to: path)
    if golden.begins { try model.loadPretrained(path) } else { try model.loadCheckpoint(path) }
    for (key, entry) in model.state where entry.value.dtype == .float32 {
      let values = entry.value.detached().floats
      guard let expected = golden.loaded[key] else {
        #expect(values == before[key], "\(key) is not in the file")
        continue
      }
      let norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(norm - expected.norm) <= 1e-4 * expected.norm, "\(key)")
      let step = max(1, values.count / 8)
      let picked = stride(from: 0, to: values.count, by: step).prefix(8).map { values[$0] }
      expectClose(picked, expected.values, relative: 1e-4, absolute: 2e-5, key)
    }
  }
}
