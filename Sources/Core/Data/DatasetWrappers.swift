import Foundation

/// Data sets one behind the other. Mirrors `ConcatDataset`.
public final class ConcatDataset: Dataset {
  public let datasets: [any Dataset]
  /// Whether each part is evaluated for itself.
  public let evaluatesSeparately: Bool
  /// Where each part ends.
  private let ends: [Int]

  /// - Throws: `DataError` for an empty list.
  public init(_ datasets: [any Dataset], evaluatesSeparately: Bool = true) throws {
    guard !datasets.isEmpty else { throw DataError("ConcatDataset: at least one data set") }
    self.datasets = datasets
    self.evaluatesSeparately = evaluatesSeparately
    var end = 0
    ends = datasets.map { dataset in
      end += dataset.count
      return end
    }
  }

  public var count: Int { ends[ends.count - 1] }
  public var classNames: [String]? { datasets[0].classNames }
  public var palette: [[UInt8]]? { datasets[0].palette }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    let (part, local) = locate(index)
    return try datasets[part].sample(at: local, using: &generator)
  }

  public func categories(at index: Int) -> [Int] {
    let (part, local) = locate(index)
    return datasets[part].categories(at: local)
  }

  public func group(at index: Int) -> Int {
    let (part, local) = locate(index)
    return datasets[part].group(at: local)
  }

  private func locate(_ index: Int) -> (part: Int, local: Int) {
    let part = ends.firstIndex { index < $0 } ?? ends.count - 1
    return (part, index - (part > 0 ? ends[part - 1] : 0))
  }
}

/// A data set several times over: epochs become longer, and there are fewer of them. Mirrors `RepeatDataset`.
public final class RepeatDataset: Dataset {
  public let dataset: any Dataset
  public let times: Int

  public init(_ dataset: any Dataset, times: Int) { (self.dataset, self.times) = (dataset, times) }

  public var count: Int { dataset.count * times }
  public var classNames: [String]? { dataset.classNames }
  public var palette: [[UInt8]]? { dataset.palette }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    try dataset.sample(at: index % dataset.count, using: &generator)
  }

  public func categories(at index: Int) -> [Int] { dataset.categories(at: index % dataset.count) }

  public func group(at index: Int) -> Int { dataset.group(at: index % dataset.count) }
}

/// A data set in which images with rare classes occur more than once.
///
/// Gupta et al., 2019, appendix B (<https://arxiv.org/abs/1908.03195>): class `c`, in a share `f(c)` of the images, has
/// the factor `max(1, sqrt(t / f(c)))`; an image occurs as often as its highest factor, rounded up, says.
/// Mirrors `ClassBalancedDataset`.
public final class ClassBalancedDataset: Dataset {
  public let dataset: any Dataset
  private let indices: [Int]

  /// - Parameter threshold: `t`.
  public init(_ dataset: any Dataset, threshold: Double) {
    self.dataset = dataset
    let categories = (0..<dataset.count).map { Set(dataset.categories(at: $0)) }
    var images: [Int: Int] = [:]
    for set in categories {
      for category in set { images[category, default: 0] += 1 }
    }
    let factors = images.mapValues { max(1, (threshold / (Double($0) / Double(dataset.count))).squareRoot()) }
    indices = categories.enumerated().flatMap { index, set in
      [Int](repeating: index, count: Int((set.compactMap { factors[$0] }.max() ?? 1).rounded(.up)))
    }
  }

  public var count: Int { indices.count }
  public var classNames: [String]? { dataset.classNames }
  public var palette: [[UInt8]]? { dataset.palette }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    try dataset.sample(at: indices[index], using: &generator)
  }

  public func categories(at index: Int) -> [Int] { dataset.categories(at: indices[index]) }

  public func group(at index: Int) -> Int { dataset.group(at: indices[index]) }
}
