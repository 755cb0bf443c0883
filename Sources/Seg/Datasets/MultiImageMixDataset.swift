import Core
import PyConfig

/// A step that joins a sample with others of its data set.
protocol MixingTransform: Transform {
  /// Which further samples it wants.
  func partners(of count: Int, using generator: inout RandomGenerator) -> [Int]
}

/// A data set for transforms that join several pictures. Mirrors mmseg's `MultiImageMixDataset`.
public final class MultiImageMixDataset: Dataset {
  public let dataset: any Dataset
  private let steps: [any Transform]

  init(_ dataset: any Dataset, steps: [any Transform]) { (self.dataset, self.steps) = (dataset, steps) }

  public var count: Int { dataset.count }
  public var classNames: [String]? { dataset.classNames }
  public var palette: [[UInt8]]? { dataset.palette }

  public func categories(at index: Int) -> [Int] { dataset.categories(at: index) }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    guard var sample = try dataset.sample(at: index, using: &generator) else { return nil }
    for step in steps {
      if let mixing = step as? any MixingTransform {
        var partners: [Sample] = []
        for index in mixing.partners(of: dataset.count, using: &generator) {
          guard let partner = try dataset.sample(at: index, using: &generator) else { return nil }
          partners.append(partner)
        }
        sample.mixed = partners
      }
      guard try step.apply(&sample, using: &generator) else { return nil }
      sample.mixed = nil
    }
    return sample
  }
}

/// `dict(type='MultiImageMixDataset', dataset=..., pipeline=[...])`
struct MultiImageMixConfig: ConfigRecord {
  var dataset, pipeline: ConfigNode
  var datasetPath, pipelinePath: String
  var skipped: [String]

  init(from reader: inout ConfigReader) throws {
    (datasetPath, pipelinePath) = (reader.path("dataset"), reader.path("pipeline"))
    dataset = try reader.value("dataset")
    pipeline = try reader.value("pipeline")
    skipped = try reader.optional("skip_type_keys") ?? []
  }

  func load(_ context: BuildContext) throws -> MultiImageMixDataset {
    guard let items = pipeline.items else {
      throw BuildError(
        .wrongType(expected: "list of transforms", found: pipeline.summary), path: pipelinePath,
        location: pipeline.location)
    }
    let steps = try items.enumerated().compactMap { index, item -> (any Transform)? in
      if let name = item["type"]?.string, skipped.contains(name) { return nil }
      return try context.registries.transforms.build(item, path: "\(pipelinePath).\(index)", context: context)
    }
    var inner = context
    // As in the original: the pictures to be mixed are read as for training, whatever the wrapper is for.
    inner.isTesting = false
    return MultiImageMixDataset(try buildDataset(dataset, path: datasetPath, inner), steps: steps)
  }
}
