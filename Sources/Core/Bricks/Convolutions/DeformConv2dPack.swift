import OrderedCollections
import TorchFile

/// A deformable convolution that works out its offsets by a plain one.
///
/// Dai et al., "Deformable Convolutional Networks", 2017 (<https://arxiv.org/abs/1703.06211>). Mirrors mmcv's
/// `DeformConv2dPack` (`DCN`), which has no bias.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: as `Conv2d`.
public final class DeformConv2dPack: Conv2d, DeformableConvolutionLayer, StateAdapting {
  public let convOffset: Conv2d
  /// In how many groups of channels the points move.
  public let deformGroups: Int

  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    groups: Int = 1, deformGroups: Int = 1
  ) {
    precondition(
      deformGroups > 0 && inChannels % deformGroups == 0,
      "DeformConv2dPack: deformGroups (\(deformGroups)) must divide inChannels (\(inChannels))")
    self.deformGroups = deformGroups
    convOffset = Conv2d(
      inChannels, deformGroups * 2 * kernel.h * kernel.w, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation)
    super.init(
      inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups,
      bias: false)
  }

  public override func callAsFunction(_ x: Tensor) -> Tensor {
    x.deformConv2d(
      offset: convOffset(x), kernels, stride: stride, padding: padding, dilation: dilation, groups: groups,
      deformGroups: deformGroups)
  }

  public override func callAsFunction(
    _ x: Tensor, norm: (any NormLayer)?, residual: Tensor? = nil, activation: FusedActivation = .none
  ) -> Tensor { deformed(self(x), norm, residual, activation) }

  /// Kaiming's rule for the kernels; points start where those of a plain convolution are.
  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.kaiming(weight, mode: .fanIn, distribution: .uniform, using: &generator)
    convOffset.resetToZero()
  }

  public func adapt(_ stored: inout OrderedDictionary<String, StoredTensor>, prefix: String) {
    stored.renameOffsets(prefix: prefix)
  }
}

extension Conv2d {
  /// What follows the convolution itself, where nothing can be fused.
  func deformed(
    _ y: Tensor, _ norm: (any NormLayer)?, _ residual: Tensor?, _ activation: FusedActivation
  ) -> Tensor {
    if let norm { return norm(y, residual: residual, activation: activation) }
    return (residual.map { y + $0 } ?? y).activated(activation)
  }

  func resetToZero() {
    Init.constant(weight, 0)
    if let bias { Init.constant(bias, 0) }
  }
}

extension OrderedDictionary<String, StoredTensor> {
  /// The first versions of these layers kept their offsets beside them: `conv2_offset` for `conv2.conv_offset`.
  mutating func renameOffsets(prefix: String) {
    for name in ["weight", "bias"] {
      let (new, old) = ("\(prefix)conv_offset.\(name)", "\(prefix.dropLast())_offset.\(name)")
      if self[new] == nil, let value = removeValue(forKey: old) { self[new] = value }
    }
  }
}
