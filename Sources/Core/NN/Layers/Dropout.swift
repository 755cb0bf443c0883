/// In training, sets each element to 0 with probability `probability` and scales the rest up; else passes it on.
///
/// Mirrors `torch.nn.Dropout`.
public final class Dropout: Module, UnaryModule {
  public let probability: Float

  public init(_ probability: Float = 0.5) {
    precondition((0...1).contains(probability), "Dropout: a probability in 0...1, found \(probability)")
    self.probability = probability
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { isTraining ? x.dropout(probability) : x }
}

/// In training, sets whole maps `x[n, c]` to 0 with probability `probability` and scales the rest up.
///
/// Mirrors `torch.nn.Dropout2d`.
public final class Dropout2d: Module, UnaryModule {
  public let probability: Float

  public init(_ probability: Float = 0.5) {
    precondition((0...1).contains(probability), "Dropout2d: a probability in 0...1, found \(probability)")
    self.probability = probability
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { isTraining ? x.featureDropout(probability) : x }
}
