/// A 1x1, a 3x3 and a 1x1 convolution and a shortcut: the block of ResNet-50 and deeper, and of ResNeXt.
///
/// He et al., 2015, fig. 5 right (<https://arxiv.org/abs/1512.03385>); with groups, Xie et al., 2016, fig. 3c
/// (<https://arxiv.org/abs/1611.05431>); with squeeze and excitation, Hu et al., 2017 (<https://arxiv.org/abs/1709.01507>).
/// The 3x3 convolution may be deformable, and plugins may stand behind each of the three.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
public final class Bottleneck: Module, ResidualBlock {
  let conv1: Conv2d
  @Named var norm1: any NormLayer
  let conv2: Conv2d
  @Named var norm2: any NormLayer
  let conv3: Conv2d
  @Named var norm3: any NormLayer
  let downsample: Sequential?
  let seLayer: SELayer?
  private let plugins: BlockPlugins?
  private let feedback: Feedback?
  private let activation: FusedActivation
  private let dropPath: DropPath?

  /// The convolution of what is fed back. No module itself: its key comes behind those of the plugins.
  private final class Feedback {
    let conv: Conv2d
    init(_ conv: Conv2d) { self.conv = conv }
  }

  public init(_ inChannels: Int, _ outChannels: Int, downsample: Sequential?, _ options: ResidualBlockOptions)
  {
    let middle = options.middleChannels(outChannels / options.expansion)
    let (stride1, stride2) = options.style == .pytorch ? (1, options.stride) : (options.stride, 1)
    conv1 = options.conv.make(inChannels, middle, kernel: 1, stride: Pair(stride1), bias: false)
    _norm1 = options.norm.named(middle, suffix: "1")
    conv2 = (options.deformable ?? options.conv).make(
      middle, middle, kernel: 3, stride: Pair(stride2), padding: Pair(options.dilation),
      dilation: Pair(options.dilation), groups: options.groups, bias: false)
    _norm2 = options.norm.named(middle, suffix: "2")
    conv3 = options.conv.make(middle, outChannels, kernel: 1, bias: false)
    _norm3 = options.norm.named(outChannels, suffix: "3")
    self.downsample = downsample
    seLayer = options.squeezeRatio.map { SELayer(outChannels, ratio: $0) }
    plugins =
      options.plugins.isEmpty ? nil : BlockPlugins(options.plugins, middle: middle, output: outChannels)
    feedback = options.feedbackChannels.map { Feedback(Conv2d($0, outChannels, kernel: 1)) }
    activation = options.activation
    dropPath = options.dropPath > 1e-5 ? DropPath(options.dropPath) : nil
  }

  public override var listedChildren: [(key: String, module: Module)] {
    (plugins?.children ?? []) + (feedback.map { [("rfp_conv", $0.conv)] } ?? [])
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, feedback: nil) }

  /// With a map of an earlier round, which blocks that have a place for it add before they activate.
  public func callAsFunction(_ x: Tensor, feedback map: Tensor?) -> Tensor {
    let added = feedback.flatMap { layer in map.map { layer.conv($0) } }
    let shortcut = downsample.map { $0(x) } ?? x
    var y = conv1(x, norm: norm1, activation: activation)
    if let plugins { y = plugins(y, .afterConv1) }
    y = conv2(y, norm: norm2, activation: activation)
    if let plugins { y = plugins(y, .afterConv2) }
    let isPluggedLast = plugins?.has(.afterConv3) ?? false
    if seLayer == nil, dropPath == nil, added == nil, !isPluggedLast {
      return conv3(y, norm: norm3, residual: shortcut, activation: activation)
    }
    y = conv3(y, norm: norm3)
    if let plugins { y = plugins(y, .afterConv3) }
    if let seLayer { y = seLayer(y) }
    if let dropPath { y = dropPath(y) }
    y = y + shortcut
    return (added.map { y + $0 } ?? y).activated(activation)
  }

  public func zeroInitializeResidual() { norm3.resetAffine(weight: 0) }

  public func initializeOwnParts(using generator: inout RandomGenerator) {
    if let layer = conv2 as? ModulatedDeformConv2dPack { layer.initializeWeights(using: &generator) }
    // Context blocks have no such rule in the original.
    for (_, layer) in plugins?.children ?? [] where !(layer is ContextBlock) {
      layer.initializeWeights(using: &generator)
    }
  }
}
