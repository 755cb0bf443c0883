import Core
import Foundation
import TestSupport
import Testing

/// One case of Fixtures/ops-basic/cases.json, which make.py beside it writes.
private struct GoldenCase: Decodable, Sendable {
  struct Array: Decodable, Sendable {
    var shape: [Int]
    var kind: String
    var values: [Double]

    var tensor: Tensor {
      switch kind {
      case "i": Tensor(values.map { Int64($0) }, shape: shape)
      case "b": Tensor(values.map { $0 != 0 }, shape: shape)
      default: Tensor(values.map { Float($0) }, shape: shape)
      }
    }
  }
  var name: String
  var inputs: [Array]
  var outputs: [Array]
  var gradients: [[Double]?]

  static func load() throws -> [GoldenCase] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let file = folder.appending(path: "../../Fixtures/ops-basic/cases.json")
    return try JSONDecoder().decode([GoldenCase].self, from: Data(contentsOf: file))
  }
}

@Suite struct GoldenTests {
  /// How inputs lie in memory.
  enum Layout: String, CaseIterable, Sendable {
    case rowMajor, reversed, spread

    /// The same tensor, elsewhere in memory.
    func callAsFunction(_ x: Tensor) -> Tensor {
      if x.rank == 0 { return x }
      switch self {
      case .rowMajor: return x
      case .reversed:
        let axes = Array((0..<x.rank).reversed())
        return x.permuted(axes).contiguous().permuted(axes)
      case .spread:
        return x.repeatedInterleaving(2, axis: -1).sliced(-1, 0..<(2 * x.shape[x.rank - 1]), step: 2)
      }
    }
  }

  @Test(arguments: Layout.allCases)
  func `operators agree with PyTorch, forward and backward`(_ layout: Layout) throws {
    let cases = try GoldenCase.load()
    #expect(Set(cases.map(\.name)) == Set(goldenOperations.keys))
    for golden in cases {
      guard let operation = goldenOperations[golden.name] else { continue }
      let leaves = golden.inputs.map { $0.kind == "f" ? $0.tensor.requiringGradient() : $0.tensor }
      let outputs = operation(leaves.map { layout($0) })
      #expect(outputs.count == golden.outputs.count, "\(golden.name)")
      var total: Tensor?
      for (index, (output, expected)) in zip(outputs, golden.outputs).enumerated() {
        let what = "\(golden.name), \(layout), output \(index)"
        #expect((output.dtype == .float32) == (expected.kind == "f"), "\(what)")
        expectClose(
          output.converted(to: .float32), expected.values, shape: expected.shape, relative: 4e-6,
          absolute: 2e-6, what)
        guard output.dtype == .float32, output.requiresGradient else { continue }
        let seed = (0..<output.count).map { Float(($0 * 7) % 11 - 5) / 4 }
        let part = (output * Tensor(seed, shape: output.shape)).sum()
        total = total.map { $0 + part } ?? part
      }
      guard golden.gradients.contains(where: { $0 != nil }) else { continue }
      guard let total else {
        Issue.record("\(golden.name): no output carries a gradient")
        continue
      }
      total.backward()
      for (index, expected) in golden.gradients.enumerated() {
        guard let expected else { continue }
        let what = "\(golden.name), \(layout), gradient \(index)"
        guard let gradient = leaves[index].gradient else {
          // PyTorch leaves zeros where we leave nothing.
          #expect(expected.allSatisfy { $0 == 0 }, "\(what) is missing")
          continue
        }
        #expect(gradient.isContiguous, "\(what)")
        expectClose(gradient, expected, shape: leaves[index].shape, relative: 1e-5, absolute: 4e-6, what)
      }
    }
  }
}
