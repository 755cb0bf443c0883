import Core
import OrderedCollections
import PyConfig
import Testing

@Suite struct DatasetWrapperTests {
  static func labels(_ dataset: any Dataset) throws -> [Int] {
    var generator = RandomGenerator(seed: 0)
    return try (0..<dataset.count).compactMap { try dataset.sample(at: $0, using: &generator)?.label }
  }

  @Test func `a concatenation goes through its parts`() throws {
    let joined = try ConcatDataset([CountingDataset(2), CountingDataset(1), CountingDataset(3)])
    #expect(try Self.labels(joined) == [0, 1, 0, 0, 1, 2])
    #expect((0..<6).map(joined.categories) == [[0], [1], [0], [0], [1], [0]])
    #expect(joined.classNames == ["even", "odd"])
    #expect(throws: DataError.self) { _ = try ConcatDataset([]) }
  }

  @Test func `a repetition starts over`() throws {
    let repeated = RepeatDataset(CountingDataset(3), times: 3)
    #expect(try Self.labels(repeated) == [0, 1, 2, 0, 1, 2, 0, 1, 2])
    #expect(repeated.categories(at: 7) == [1])
  }

  @Test func `rare classes come more often`() throws {
    final class Skewed: Dataset {
      let count = 10
      let classNames: [String]? = nil
      func sample(at index: Int, using generator: inout RandomGenerator) -> Sample? {
        var sample = Sample()
        sample.label = index
        return sample
      }
      func categories(at index: Int) -> [Int] { index == 0 ? [1, 0] : [0] }
    }
    // Class 1 is in a tenth of the images: sqrt(0.4 / 0.1) = 2.
    #expect(try Self.labels(ClassBalancedDataset(Skewed(), threshold: 0.4)) == [0, 0] + Array(1..<10))
    #expect(try Self.labels(ClassBalancedDataset(Skewed(), threshold: 0.41)) == [0, 0, 0] + Array(1..<10))
    #expect(try Self.labels(ClassBalancedDataset(Skewed(), threshold: 0.1)) == Array(0..<10))
  }

  private struct CountConfig: ConfigRecord {
    var count: Int
    init(from reader: inout ConfigReader) throws { count = try reader.value("count") }
  }

  private func build(_ text: String) throws -> any Dataset {
    var registries = Registries()
    registerDatasetWrappers(&registries)
    registries.datasets.register("Counting", CountConfig.self) { CountingDataset($0.count) }
    let root = try Config.parse(text: "x = \(text)", name: "c.py").root
    return try buildDataset(
      try #require(root["x"]), path: "data.train", BuildContext(registries: registries, scope: "mmcls"))
  }

  @Test func `wrappers nest in configs`() throws {
    let one = "dict(type='Counting', count=2)"
    #expect(try build("[\(one), dict(type='RepeatDataset', times=2, dataset=\(one))]").count == 6)
    let joined = try build("dict(type='ConcatDataset', datasets=[\(one), \(one)], separate_eval=False)")
    #expect((joined as? ConcatDataset)?.evaluatesSeparately == false)
    #expect(try build("dict(type='ClassBalancedDataset', oversample_thr=1.0, dataset=\(one))").count == 4)
    #expect(try build("dict(type='RepeatDataset', times=3, dataset=[\(one), \(one)])").count == 12)
  }

  @Test(arguments: [
    ("dict(type='RepeatDataset', times=0, dataset=1)", "c.py:1: data.train.times: must be positive, found 0"),
    (
      "dict(type='RepeatDataset', times=2, dataset=dict(type='Countin', count=1))",
      "c.py:1: data.train.dataset.type: 'Countin' is not in the dataset registry; did you mean 'Counting'?"
    ),
    (
      "dict(type='ConcatDataset', datasets=[dict(count=1)])",
      "data.train.datasets.0: missing required key 'type'"
    ),
    ("[dict(type='Counting', count='1')]", "data.train.0.count: expected int, found str '1'"),
    ("5", "c.py:1: data.train: expected dict with a key 'type', found int 5"),
  ]) func `a mistake inside is named`(_ text: String, _ expected: String) {
    do {
      _ = try build(text)
      Issue.record("must throw")
    } catch {
      #expect("\(error)".contains(expected), "\(error)")
    }
  }
}
