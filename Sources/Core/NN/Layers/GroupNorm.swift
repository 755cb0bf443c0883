/// Normalises groups of channels of each image.
///
/// Mirrors `torch.nn.GroupNorm`.
///
/// Wu and He, 2018, <https://arxiv.org/abs/1803.08494>.
///
/// - Input: `[N, channels, ...]`; the output has the same shape.
public final class GroupNorm: Module, NormLayer {
  /// `[channels]`
  public let weight: Parameter?
  /// `[channels]`
  public let bias: Parameter?
  public let groups: Int, channels: Int
  public let eps: Double

  public init(_ groups: Int, _ channels: Int, eps: Double = 1e-5, affine: Bool = true) {
    precondition(
      groups > 0 && channels > 0 && channels % groups == 0,
      "GroupNorm: groups (\(groups)) must divide channels (\(channels))")
    (self.groups, self.channels, self.eps) = (groups, channels, eps)
    weight = affine ? Parameter(.ones([channels])) : nil
    bias = affine ? Parameter(.zeros([channels])) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.groupNorm(groups, weight: weight?.value, bias: bias?.value, eps: eps)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) { resetAffine() }
}
