/// Normalises over the last axes.
///
/// Mirrors `torch.nn.LayerNorm`.
///
/// Ba, Kiros and Hinton, 2016, <https://arxiv.org/abs/1607.06450>.
///
/// - Input: `[..., shape]`; the output has the same shape.
public final class LayerNorm: Module, NormLayer {
  /// `shape`
  public let weight: Parameter?
  /// `shape`
  public let bias: Parameter?
  /// The last axes of the input.
  public let shape: [Int]
  public let eps: Double

  public init(_ shape: [Int], eps: Double = 1e-5, affine: Bool = true) {
    precondition(
      !shape.isEmpty && shape.allSatisfy { $0 > 0 }, "LayerNorm: a shape of positive sizes, found \(shape)")
    (self.shape, self.eps) = (shape, eps)
    weight = affine ? Parameter(.ones(shape)) : nil
    bias = affine ? Parameter(.zeros(shape)) : nil
  }

  public convenience init(_ features: Int, eps: Double = 1e-5, affine: Bool = true) {
    self.init([features], eps: eps, affine: affine)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(shape, weight: weight?.value, bias: bias?.value, eps: eps)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) { resetAffine() }
}

/// Normalises the channels of each pixel.
///
/// Mirrors mmcls' `LayerNorm2d` (`LN2d`).
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
public final class LayerNorm2d: Module, NormLayer {
  /// `[channels]`
  public let weight: Parameter?
  /// `[channels]`
  public let bias: Parameter?
  public let channels: Int
  public let eps: Double

  public init(_ channels: Int, eps: Double = 1e-5, affine: Bool = true) {
    precondition(channels > 0, "LayerNorm2d: at least one channel, found \(channels)")
    (self.channels, self.eps) = (channels, eps)
    weight = affine ? Parameter(.ones([channels])) : nil
    bias = affine ? Parameter(.zeros([channels])) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(
      x.rank == 4 && x.shape[1] == channels, "LayerNorm2d: [N, \(channels), H, W], found \(x.shape)")
    return x.channelsLast().permuted([0, 2, 3, 1])
      .layerNorm([channels], weight: weight?.value, bias: bias?.value, eps: eps)
      .permuted([0, 3, 1, 2])
  }

  public override func initializeWeights(using generator: inout RandomGenerator) { resetAffine() }
}
