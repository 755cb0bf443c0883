/// Two 3x3 convolutions and a shortcut: the block of ResNet-18 and -34.
///
/// He et al., 2015, fig. 5 left (<https://arxiv.org/abs/1512.03385>).
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
public final class BasicBlock: Module, ResidualBlock {
  let conv1: Conv2d
  @Named var norm1: any NormLayer
  let conv2: Conv2d
  @Named var norm2: any NormLayer
  let downsample: Sequential?
  private let activation: FusedActivation
  private let dropPath: DropPath?

  // mmcv registers norm1 and norm2 before and after conv2: conv1, norm1, conv2, norm2.
  public init(_ inChannels: Int, _ outChannels: Int, downsample: Sequential?, _ options: ResidualBlockOptions)
  {
    let middle = outChannels / options.expansion
    conv1 = options.conv.make(
      inChannels, middle, kernel: 3, stride: Pair(options.stride), padding: Pair(options.dilation),
      dilation: Pair(options.dilation), bias: false)
    _norm1 = options.norm.named(middle, suffix: "1")
    conv2 = options.conv.make(middle, outChannels, kernel: 3, padding: 1, bias: false)
    _norm2 = options.norm.named(outChannels, suffix: "2")
    self.downsample = downsample
    activation = options.activation
    dropPath = options.dropPath > 1e-5 ? DropPath(options.dropPath) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let shortcut = downsample.map { $0(x) } ?? x
    let y = conv1(x, norm: norm1, activation: activation)
    if let dropPath {
      return (dropPath(conv2(y, norm: norm2)) + shortcut).activated(activation)
    }
    return conv2(y, norm: norm2, residual: shortcut, activation: activation)
  }

  public func zeroInitializeResidual() { norm2.resetAffine(weight: 0) }
}
