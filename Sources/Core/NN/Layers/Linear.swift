/// A fully connected layer: `x · weightᵀ + bias` over the last axis.
///
/// Mirrors `torch.nn.Linear`, first values included.
public final class Linear: Module, UnaryModule {
  /// `[out, in]`
  public let weight: Parameter
  /// `[out]`
  public let bias: Parameter?

  public init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool = true) {
    precondition(
      inFeatures >= 0 && outFeatures >= 0,
      "Linear: sizes must not be negative, found \(inFeatures), \(outFeatures)")
    weight = Parameter(.zeros([outFeatures, inFeatures]))
    self.bias = bias ? Parameter(.zeros([outFeatures])) : nil
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  public var inFeatures: Int { weight.shape[1] }
  public var outFeatures: Int { weight.shape[0] }

  /// - Parameter x: `[..., in]`.
  /// - Returns: `[..., out]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight.value, bias: bias?.value) }

  /// PyTorch's rule: both uniform within `±1 / √in`.
  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.linearDefault(weight, bias: bias, using: &generator)
  }
}
