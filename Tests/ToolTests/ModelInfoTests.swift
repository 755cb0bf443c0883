import Foundation
import Testing

/// `model-info` against the original's `get_flops.py` (Tests/Fixtures/tools/complexity).
struct ModelInfoTests {
  private struct Expected: Decodable {
    var shape: [Int]
    var flops, params: String
    var flop_count, param_count, entries: Int
    var first, last: [Entry]
  }

  /// `["key", [shape]]`
  private struct Entry: Decodable, Equatable {
    var key: String
    var shape: [Int]

    init(from decoder: any Decoder) throws {
      var items = try decoder.unkeyedContainer()
      (key, shape) = (try items.decode(String.self), try items.decode([Int].self))
    }
  }

  private struct Info: Decodable {
    var state_dict: [Entry]
    var params, flops: Int
    var input_shape: [Int]
  }

  private static let folder = Workbench.fixtures.appendingPathComponent("complexity")
  private let bench: Workbench
  private let expected: [String: Expected]

  init() throws {
    bench = try Trained.digits.get().bench
    expected = try JSONDecoder().decode(
      [String: Expected].self, from: Data(contentsOf: Self.folder.appendingPathComponent("expected.json")))
  }

  @Test(arguments: ["lenet5", "resnet50", "mobilenet_v2", "vgg16"])
  func `flops, parameters and state are the original's`(model: String) throws {
    let expected = try #require(expected[model])
    let config = Self.folder.appendingPathComponent("\(model).py").path
    let shape = ["--shape", "\(expected.shape[1])"]
    let json = try bench.start("model-info", [config, "--state-dict", "--flops", "--format", "json"] + shape)
      .wait()
      .succeeded()
    let info = try JSONDecoder().decode(Info.self, from: Data(json.output.utf8))
    #expect(info.flops == expected.flop_count)
    #expect(info.params == expected.param_count)
    #expect(info.input_shape == expected.shape)
    #expect(info.state_dict.count == expected.entries)
    #expect(Array(info.state_dict.prefix(8)) == expected.first)
    #expect(Array(info.state_dict.suffix(8)) == expected.last)
  }

  @Test(arguments: ["lenet5", "resnet50"]) func `the text is the original's`(model: String) throws {
    let expected = try #require(expected[model])
    let config = Self.folder.appendingPathComponent("\(model).py").path
    let shape = expected.shape.map(String.init)
    let run = try bench.run("model-info", config, "--shape", shape[1], shape[2]).succeeded()
    let line = String(repeating: "=", count: 30)
    #expect(
      run.output.hasPrefix(
        """
        \(line)
        Input shape: (\(shape.joined(separator: ", ")))
        Flops: \(expected.flops)
        Params: \(expected.params)
        \(line)

        """), "\(run.output)")
  }

  @Test func `the state dict as text`() throws {
    let run = try bench.run("model-info", "configs/digits.py", "--state-dict").succeeded()
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "backbone.features.0.weight [6, 1, 5, 5]")
    #expect(Array(lines.suffix(2)) == ["backbone.classifier.2.bias [10]", "10 entries, 61706 parameters"])
  }
}
