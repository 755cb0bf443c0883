/// Makes one axis of several.
///
/// Mirrors `torch.nn.Flatten`.
///
/// - Input: `[N, ...]`
/// - Output: `[N, product of the rest]`, with the default axes.
public final class Flatten: Module, UnaryModule {
  public let start: Int, end: Int

  public init(from start: Int = 1, to end: Int = -1) { (self.start, self.end) = (start, end) }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: start, to: end) }
}
