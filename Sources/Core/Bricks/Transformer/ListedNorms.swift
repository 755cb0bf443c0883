/// Norms of some of a backbone's stages, under keys that are known only at run time and in an order of their own.
///
/// A class, so that reflection leaves its content to `Module.listedChildren`.
public final class ListedNorms {
  private let entries: [(stage: Int, key: String, norm: any NormLayer)]

  public init(_ entries: [(stage: Int, key: String, norm: any NormLayer)]) { self.entries = entries }

  /// Norms `norm0`, `norm1`, ... of stages, in the given order.
  public convenience init(numbered entries: [(stage: Int, norm: (any NormLayer)?)]) {
    self.init(entries.compactMap { stage, norm in norm.map { (stage, "norm\(stage)", $0) } })
  }

  /// The norm of a stage, if it has one.
  public subscript(stage: Int) -> (any NormLayer)? { entries.first { $0.stage == stage }?.norm }

  public var listed: [(key: String, module: Module)] { entries.map { ($0.key, $0.norm) } }
}
