/// A table of vectors that are looked up by index.
///
/// Mirrors `torch.nn.Embedding`, first values included.
public final class Embedding: Module {
  /// `[count, width]`
  public let weight: Parameter
  /// The index whose vector gets no gradient, if any.
  public let paddingIndex: Int?

  public init(_ count: Int, _ width: Int, paddingIndex: Int? = nil) {
    precondition(
      paddingIndex.map { (-count..<count).contains($0) } ?? true,
      "Embedding: a padding index in \(-count)..<\(count), found \(paddingIndex ?? 0)")
    weight = Parameter(.zeros([count, width]))
    self.paddingIndex = paddingIndex.map { $0 < 0 ? $0 + count : $0 }
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  /// - Parameter indices: `int64` of any shape.
  /// - Returns: `indices.shape + [width]`.
  public func callAsFunction(_ indices: Tensor) -> Tensor {
    weight.value.embedding(indices, paddingIndex: paddingIndex)
  }

  /// Normally distributed with deviation 1; 0 for the padding index.
  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.normal(weight, using: &generator)
    if let paddingIndex {
      weight.value.detached().selected(0, paddingIndex).assignInPlace(.zeros([weight.shape[1]]))
    }
  }
}
