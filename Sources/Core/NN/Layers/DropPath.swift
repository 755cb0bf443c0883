/// Stochastic depth: in training, drops a residual branch for whole samples and scales the rest up.
///
/// Huang et al., "Deep Networks with Stochastic Depth", https://arxiv.org/abs/1603.09382. Mirrors mmcv's `DropPath`.
public final class DropPath: Module, UnaryModule {
  public let probability: Float

  public init(_ probability: Float = 0.1) {
    precondition((0...1).contains(probability), "DropPath: a probability in 0...1, found \(probability)")
    self.probability = probability
  }

  /// - Parameter x: `[N, ...]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { isTraining ? x.dropPath(probability) : x }
}
