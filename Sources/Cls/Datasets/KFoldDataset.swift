import Core
import PyConfig

/// One fold of a data set, or all others: for cross-validation.
///
/// Mirrors mmcls's `KFoldDataset`, whose order under a seed is NumPy's.
public final class KFoldDataset: Dataset {
  /// The keys of `dict(type='KFoldDataset', dataset=..., fold=0, num_splits=5)`.
  public struct Config: ConfigRecord {
    public var dataset: ConfigNode
    public var path: String
    public var fold: Int
    public var splits: Int
    public var isTesting: Bool?
    public var seed: Int?

    public init(from reader: inout ConfigReader) throws {
      path = reader.path("dataset")
      dataset = try reader.value("dataset")
      fold = try reader.value("fold", default: 0)
      splits = try reader.value("num_splits", default: 5)
      guard splits > 0 else { throw reader.invalid("must be positive, found \(splits)", key: "num_splits") }
      guard (0..<splits).contains(fold) else {
        throw reader.invalid("must be in 0..<\(splits), found \(fold)", key: "fold")
      }
      isTesting = try reader.optional("test_mode")
      seed = try reader.optional("seed")
      if let seed, seed < 0 { throw reader.invalid("must not be negative, found \(seed)", key: "seed") }
    }
  }

  public let dataset: any Dataset
  /// Where the samples are in the whole data set.
  public let indices: [Int]

  /// - Parameters:
  ///   - isTesting: whether to take the fold itself, or the others.
  ///   - seed: the data set is shuffled before it is cut where there is one.
  /// - Throws: `DataError` when there are no samples in it.
  public init(
    _ dataset: any Dataset, fold: Int = 0, splits: Int = 5, isTesting: Bool = false, seed: Int? = nil
  ) throws {
    precondition(
      splits > 0 && (0..<splits).contains(fold), "KFoldDataset: a fold in 0..<\(splits), found \(fold)")
    self.dataset = dataset
    var order = Array(0..<dataset.count)
    if let seed {
      var generator = NumPyGenerator(seed: UInt64(seed))
      generator.shuffle(&order)
    }
    let (start, end) = (order.count * fold / splits, order.count * (fold + 1) / splits)
    indices = isTesting ? Array(order[start..<end]) : Array(order[..<start] + order[end...])
    guard !indices.isEmpty else {
      throw DataError("KFoldDataset: fold \(fold) of \(splits) of \(order.count) samples is empty")
    }
  }

  public var count: Int { indices.count }
  public var classNames: [String]? { dataset.classNames }
  public var palette: [[UInt8]]? { dataset.palette }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    try dataset.sample(at: indices[index], using: &generator)
  }

  public func categories(at index: Int) -> [Int] { dataset.categories(at: indices[index]) }
}
