/// A bottleneck turned inside out, perhaps with squeeze and excitation: widen with a 1x1 convolution, filter each channel,
/// narrow with another 1x1.
///
/// Howard et al., 2019, fig. 4 (<https://arxiv.org/abs/1905.02244>). Mirrors `InvertedResidual` of mmcls and mmdet and
/// `InvertedResidualV3` of mmseg.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
public final class InvertedResidualV3: Module, UnaryModule {
  public struct Options: Sendable {
    public var kernel = 3
    public var stride = 1
    public var dilation = 1
    /// Channels inside of squeeze and excitation, where there is such a layer, and its activations.
    public var squeezed: Int?
    public var squeezeActivations: (ActivationConfig, ActivationConfig) = (.relu, .function(.sigmoid))
    public var style = ConvStyle(norm: .batchNorm, activation: .relu)
    /// The convolution of single channels, where it is of another kind than `style` says.
    public var depthwise: ConvConfig?
    public var dropPath: Float = 0

    public init() {}
  }

  let expandConv: ConvModule?
  let depthwiseConv: ConvModule
  let se: SELayer?
  let linearConv: ConvModule
  private let dropPath: DropPath?
  private let hasShortcut: Bool

  /// - Parameter hasShortcut: whether the input is added; by default where the shape stays.
  public init(
    _ inChannels: Int, _ outChannels: Int, middle: Int, hasShortcut: Bool? = nil, _ options: Options
  ) {
    let style = options.style
    expandConv = middle == inChannels ? nil : style.make(inChannels, middle, kernel: 1)
    depthwiseConv = ConvModule(
      middle, middle, kernel: Pair(options.kernel), stride: Pair(options.stride),
      padding: Pair(options.kernel / 2 * options.dilation), dilation: Pair(options.dilation), groups: middle,
      conv: options.depthwise ?? style.conv, norm: style.norm, activation: style.activation)
    se = options.squeezed.map { SELayer(middle, squeezed: $0, activations: options.squeezeActivations) }
    linearConv = ConvModule(
      middle, outChannels, kernel: 1, conv: style.conv, norm: style.norm, activation: nil)
    dropPath = options.dropPath > 0 ? DropPath(options.dropPath) : nil
    self.hasShortcut = hasShortcut ?? (options.stride == 1 && inChannels == outChannels)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    var y = depthwiseConv(expandConv.map { $0(x) } ?? x)
    if let se { y = se(y) }
    guard hasShortcut else { return linearConv(y) }
    if let dropPath { return x + dropPath(linearConv(y)) }
    return linearConv.conv(y, norm: linearConv.norm, residual: x)
  }
}
