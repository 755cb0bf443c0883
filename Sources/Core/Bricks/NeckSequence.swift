import PyConfig

/// Necks applied one after the other; keys `0`, `1`, ...
public final class NeckSequence: Module, Neck {
  public let necks: [any Neck]

  public init(_ necks: [any Neck]) { self.necks = necks }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] {
    necks.enumerated().map { (String($0), $1 as Module) }
  }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] { necks.reduce(features) { $1($0) } }
}

extension Registry where Product == any Neck {
  /// Builds what a `neck` describes: one, or a list of them that follow each other.
  ///
  /// - Throws: `BuildError` that names file, line and key path.
  public func buildRow(_ node: ConfigNode, path: String, context: BuildContext) throws -> any Neck {
    guard let items = node.items else { return try build(node, path: path, context: context) }
    return NeckSequence(
      try items.enumerated().map { try build($1, path: "\(path).\($0)", context: context) })
  }
}
