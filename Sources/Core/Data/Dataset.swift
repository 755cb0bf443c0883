import PyConfig

/// A collection of samples that can be read in any order, from several threads at a time.
public protocol Dataset: AnyObject, Sendable {
  var count: Int { get }
  /// Names of the classes in the order of their indices.
  var classNames: [String]? { get }
  /// A colour (red, green, blue) for each class, where the data set has them.
  var palette: [[UInt8]]? { get }
  /// The sample after the pipeline; `nil` when a transform dropped it.
  func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample?
  /// Classes that occur in a sample, for sampling by class.
  func categories(at index: Int) -> [Int]
  /// The group of a sample, where batches are to be of samples of one group; 0 or 1.
  func group(at index: Int) -> Int
}

extension Dataset {
  public var palette: [[UInt8]]? { nil }
  public func group(at index: Int) -> Int { 0 }
}

extension Registries {
  /// Data sets and their wrappers.
  public var datasets: Registry<any Dataset> {
    get { self[(any Dataset).self, role: "dataset"] }
    set { self[(any Dataset).self, role: "dataset"] = newValue }
  }
}

/// Builds a data set from its config; a list of configs becomes their concatenation.
public func buildDataset(_ node: ConfigNode, path: String, _ context: BuildContext) throws -> any Dataset {
  guard let items = node.items else {
    return try context.registries.datasets.build(node, path: path, context: context)
  }
  return try ConcatDataset(
    items.enumerated().map { try buildDataset($1, path: "\(path).\($0)", context) }, evaluatesSeparately: true
  )
}
