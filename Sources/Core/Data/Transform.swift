import PyConfig

/// One step of a data pipeline.
public protocol Transform: Sendable {
  /// Changes the sample.
  ///
  /// - Parameter generator: the source of all randomness; it depends on the run's seed, the epoch and the sample.
  /// - Returns: `false` to drop the sample (the original's `None`); the loader then takes another.
  /// - Throws: with the sample's file in the message.
  func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool
}

/// Transforms one after the other.
public struct Pipeline: Transform {
  public var transforms: [any Transform]

  public init(_ transforms: [any Transform]) { self.transforms = transforms }

  /// From a config's list of `dict(type=...)`.
  public init(_ node: ConfigNode, path: String, _ context: BuildContext) throws {
    guard let items = node.items else {
      throw BuildError(
        .wrongType(expected: "list of transforms", found: node.summary), path: path, location: node.location)
    }
    transforms = try items.enumerated().map { index, item in
      try context.registries.transforms.build(item, path: "\(path).\(index)", context: context)
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    for transform in transforms where try !transform.apply(&sample, using: &generator) { return false }
    return true
  }
}

extension Registries {
  /// Steps of data pipelines (`PIPELINES`).
  public var transforms: Registry<any Transform> {
    get { self[(any Transform).self, role: "pipeline"] }
    set { self[(any Transform).self, role: "pipeline"] = newValue }
  }
}
