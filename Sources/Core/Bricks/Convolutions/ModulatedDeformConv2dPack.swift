import OrderedCollections
import TorchFile

/// A modulated deformable convolution that works out its offsets and mask by a plain one.
///
/// Zhu et al., "Deformable ConvNets v2", 2018 (<https://arxiv.org/abs/1811.11168>). Mirrors mmcv's
/// `ModulatedDeformConv2dPack` (`DCNv2`).
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: as `Conv2d`.
public final class ModulatedDeformConv2dPack: Conv2d, DeformableConvolutionLayer, StateAdapting {
  public let convOffset: Conv2d
  /// In how many groups of channels the points move.
  public let deformGroups: Int

  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    groups: Int = 1, deformGroups: Int = 1, bias: Bool = true
  ) {
    precondition(
      deformGroups > 0 && inChannels % deformGroups == 0,
      "ModulatedDeformConv2dPack: deformGroups (\(deformGroups)) must divide inChannels (\(inChannels))")
    self.deformGroups = deformGroups
    convOffset = Conv2d(
      inChannels, deformGroups * 3 * kernel.h * kernel.w, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation)
    super.init(
      inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups,
      bias: bias)
  }

  public override func callAsFunction(_ x: Tensor) -> Tensor {
    let parts = convOffset(x)
    let points = deformGroups * kernel.h * kernel.w
    return x.deformConv2d(
      offset: parts.sliced(1, 0..<2 * points), mask: parts.sliced(1, 2 * points..<3 * points).sigmoid(),
      kernels,
      bias: bias?.value, stride: stride, padding: padding, dilation: dilation, groups: groups,
      deformGroups: deformGroups)
  }

  public override func callAsFunction(
    _ x: Tensor, norm: (any NormLayer)?, residual: Tensor? = nil, activation: FusedActivation = .none
  ) -> Tensor { deformed(self(x), norm, residual, activation) }

  /// Kernels uniform within `±1 / √(inChannels · kH · kW)`; points start where those of a plain convolution are.
  public override func initializeWeights(using generator: inout RandomGenerator) {
    let bound = 1 / Double(inChannels * kernel.h * kernel.w).squareRoot()
    Init.uniform(weight, low: -bound, high: bound, using: &generator)
    if let bias { Init.constant(bias, 0) }
    convOffset.resetToZero()
  }

  public func adapt(_ stored: inout OrderedDictionary<String, StoredTensor>, prefix: String) {
    stored.renameOffsets(prefix: prefix)
  }
}
