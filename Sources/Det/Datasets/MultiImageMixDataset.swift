import Core
import PyConfig
import Synchronization

/// A data set whose pipeline may mix samples (`Mosaic`, `MixUp`, `CopyPaste`). Mirrors mmdet's `MultiImageMixDataset`.
public final class MultiImageMixDataset: Dataset {
  struct Config: ConfigRecord {
    var dataset: ConfigNode
    var datasetPath: String
    var pipeline: [ConfigNode]
    var pipelinePath: String
    var skipped: [String]
    var maxTries: Int

    init(from reader: inout ConfigReader) throws {
      (datasetPath, pipelinePath) = (reader.path("dataset"), reader.path("pipeline"))
      dataset = try reader.value("dataset")
      pipeline = try reader.value("pipeline")
      skipped = try reader.optional("skip_type_keys") ?? []
      maxTries = try reader.value("max_refetch", default: 15)
      if let node = reader.node("dynamic_scale"), !node.isNone {
        throw reader.invalid("is gone; change sizes with Resize in the pipeline", key: "dynamic_scale")
      }
      guard (1...10_000).contains(maxTries) else {
        throw reader.invalid("must be in 1...10000, found \(maxTries)", key: "max_refetch")
      }
    }
  }

  public let dataset: any Dataset
  private let steps: [(type: String, transform: any Transform)]
  private let maxTries: Int
  private let skipped: Mutex<[String]>

  init(_ config: Config, _ context: BuildContext) throws {
    dataset = try buildDataset(config.dataset, path: config.datasetPath, context)
    steps = try config.pipeline.enumerated().map { index, node in
      let path = "\(config.pipelinePath).\(index)"
      return (
        node["type"]?.string ?? "",
        try context.registries.transforms.build(node, path: path, context: context)
      )
    }
    maxTries = config.maxTries
    skipped = Mutex(config.skipped)
  }

  /// The types of transforms that are passed over from now on.
  public func skip(_ types: [String]) { skipped.withLock { $0 = types } }

  public var count: Int { dataset.count }
  public var classNames: [String]? { dataset.classNames }
  public var palette: [[UInt8]]? { dataset.palette }
  public func categories(at index: Int) -> [Int] { dataset.categories(at: index) }
  public func group(at index: Int) -> Int { dataset.group(at: index) }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    guard var sample = try dataset.sample(at: index, using: &generator) else { return nil }
    let skipped = skipped.withLock { $0 }
    for (type, transform) in steps where !skipped.contains(type) {
      if let mixing = transform as? any MixingTransform {
        sample.detection.others = try others(mixing, using: &generator)
      }
      guard let changed = try changed(sample, transform, using: &generator) else { return nil }
      sample = changed
      sample.detection.others = nil
    }
    return sample
  }

  private func others(_ transform: any MixingTransform, using generator: inout RandomGenerator) throws
    -> [Sample]
  {
    for _ in 0..<maxTries {
      let indices = try transform.choose(from: dataset, using: &generator)
      let samples = try indices.compactMap { try dataset.sample(at: $0, using: &generator) }
      if samples.count == indices.count { return samples }
    }
    throw DataError(
      "MultiImageMixDataset: the pipeline of the data set in it dropped all of \(maxTries) tries")
  }

  /// A transform may drop what it gets; it then has some more tries with other random numbers.
  private func changed(
    _ sample: Sample, _ transform: any Transform, using generator: inout RandomGenerator
  ) throws -> Sample? {
    for _ in 0..<maxTries {
      var copy = sample
      if try transform.apply(&copy, using: &generator) { return copy }
    }
    throw DataError(
      "MultiImageMixDataset: \(type(of: transform)) dropped the sample in each of \(maxTries) tries",
      file: sample.file?.path)
  }
}
