import Core

/// Divides each pixel by its Euclidean length over the channels and scales each channel.
///
/// Liu et al., 2015 (<https://arxiv.org/abs/1506.04579>). Mirrors mmdet's `L2Norm`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
public final class L2Norm: Module, UnaryModule {
  /// `[channels]`
  public let weight: Parameter
  /// Added to the length.
  public let eps: Float

  public init(_ channels: Int, scale: Float = 20, eps: Float = 1e-10) {
    weight = Parameter(.full([channels], Double(scale)))
    self.eps = eps
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let length = x.squared().sum([1], keepingAxes: true).squareRoot() + eps
    return weight.value.reshaped([1, weight.shape[0], 1, 1]) * x / length
  }
}
