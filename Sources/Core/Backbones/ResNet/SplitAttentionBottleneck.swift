/// A bottleneck with split attention in its middle: the block of ResNeSt.
///
/// Zhang et al., 2020 (<https://arxiv.org/abs/2004.08955>).
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
public final class SplitAttentionBottleneck: Module, ResidualBlock {
  let conv1: Conv2d
  @Named var norm1: any NormLayer
  let conv2: SplitAttentionConv2d
  let conv3: Conv2d
  @Named var norm3: any NormLayer
  let downsample: Sequential?
  private let plugins: BlockPlugins?
  private let pool: AvgPool2d?
  private let activation: FusedActivation

  init(
    _ inChannels: Int, _ outChannels: Int, radix: Int, reduction: Int, poolsStride: Bool,
    downsample: Sequential?,
    _ options: ResidualBlockOptions
  ) {
    let middle = options.middleChannels(outChannels / options.expansion)
    let (stride1, stride2) = options.style == .pytorch ? (1, options.stride) : (options.stride, 1)
    let pools = poolsStride && stride2 > 1
    conv1 = options.conv.make(inChannels, middle, kernel: 1, stride: Pair(stride1), bias: false)
    _norm1 = options.norm.named(middle, suffix: "1")
    conv2 = SplitAttentionConv2d(
      middle, radix: radix, reduction: reduction, stride: pools ? 1 : stride2, dilation: options.dilation,
      groups: options.groups, conv: options.deformable ?? options.conv, norm: options.norm)
    conv3 = options.conv.make(middle, outChannels, kernel: 1, bias: false)
    _norm3 = options.norm.named(outChannels, suffix: "3")
    self.downsample = downsample
    plugins =
      options.plugins.isEmpty ? nil : BlockPlugins(options.plugins, middle: middle, output: outChannels)
    pool = pools ? AvgPool2d(3, stride: Pair(stride2), padding: 1) : nil
    activation = options.activation
  }

  public override var listedChildren: [(key: String, module: Module)] { plugins?.children ?? [] }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let shortcut = downsample.map { $0(x) } ?? x
    var y = conv2(conv1(x, norm: norm1, activation: activation))
    if let pool { y = pool(y) }
    guard let plugins else { return conv3(y, norm: norm3, residual: shortcut, activation: activation) }
    return (plugins(conv3(y, norm: norm3), .afterConv3) + shortcut).activated(activation)
  }

  public func zeroInitializeResidual() { norm3.resetAffine(weight: 0) }
}

/// Several 3x3 convolutions side by side, summed with weights that depend on the means of their results.
///
/// Mirrors `SplitAttentionConv2d` of the original suites.
///
/// - Input: `[N, channels, H, W]`
/// - Output: `[N, channels, H / stride, W / stride]`
final class SplitAttentionConv2d: Module, UnaryModule {
  let conv: Conv2d
  @Named var norm0: any NormLayer
  let fc1: Conv2d
  @Named var norm1: any NormLayer
  let fc2: Conv2d
  private let channels, radix, groups: Int

  init(
    _ channels: Int, radix: Int, reduction: Int, stride: Int, dilation: Int, groups: Int, conv: ConvConfig,
    norm: NormConfig
  ) {
    let inner = max(channels * radix / reduction, 32)
    self.conv = conv.make(
      channels, channels * radix, kernel: 3, stride: Pair(stride), padding: Pair(dilation),
      dilation: Pair(dilation),
      groups: groups * radix, bias: false)
    _norm0 = norm.named(channels * radix, suffix: "0")
    fc1 = Conv2d(channels, inner, kernel: 1, groups: groups)
    _norm1 = norm.named(inner, suffix: "1")
    fc2 = Conv2d(inner, channels * radix, kernel: 1, groups: groups)
    (self.channels, self.radix, self.groups) = (channels, radix, groups)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = conv(x, norm: norm0, activation: .relu)
    let n = y.shape[0]
    var means = y.globalAvgPool2d()
    if radix > 1 { means = means.reshaped([n, radix, channels]).sum([1]).reshaped([n, channels, 1, 1]) }
    let scores = fc2(fc1(means, norm: norm1, activation: .relu))
    guard radix > 1 else { return y * scores.sigmoid() }
    // The scores are ordered by groups, then by splits.
    let weights = scores.reshaped([n, groups, radix, channels / groups]).permuted([0, 2, 1, 3]).softmax(1)
    let weighted = y * weights.reshaped([n, radix * channels, 1, 1])
    let parts = weighted.chunked(1, radix)
    return parts.dropFirst().reduce(parts[0]) { $0 + $1 }
  }
}
