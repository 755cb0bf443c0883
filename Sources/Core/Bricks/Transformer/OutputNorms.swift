/// The norms `norm0`, `norm1`, ... of a backbone's outputs, in the order in which the outputs are named.
///
/// A class, so that reflection leaves its content to `listedChildren`.
final class OutputNorms {
  private let entries: [(index: Int, norm: (any NormLayer)?)]

  init(_ entries: [(Int, (any NormLayer)?)]) { self.entries = entries.map { ($0.0, $0.1) } }

  /// The norm of stage `index`.
  subscript(index: Int) -> (any NormLayer)? {
    entries.first { $0.index == index }?.norm
  }

  /// For `Module.listedChildren`.
  var listed: [(key: String, module: Module)] {
    entries.compactMap { index, norm in norm.map { ("norm\(index)", $0) } }
  }
}
