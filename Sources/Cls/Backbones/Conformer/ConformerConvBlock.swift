import Core

/// A bottleneck whose 3x3 convolution can take features of a transformer in.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`, and what lies behind the 3x3 convolution.
final class ConformerConvBlock: Module {
  let conv1: Conv2d
  let bn1: any NormLayer
  let conv2: Conv2d
  let bn2: any NormLayer
  let conv3: Conv2d
  let bn3: any NormLayer
  let residualConv: Conv2d?
  let residualBn: (any NormLayer)?
  let dropPath: DropPath

  init(
    _ inChannels: Int, _ outChannels: Int, stride: Int = 1, hasResidualConv: Bool = false, dropPath: Float = 0
  ) {
    let mid = outChannels / 4
    var norm = NormConfig.batchNorm
    norm.eps = 1e-6
    conv1 = Conv2d(inChannels, mid, kernel: 1, bias: false)
    bn1 = norm.make(mid)
    conv2 = Conv2d(mid, mid, kernel: 3, stride: Pair(stride), padding: 1, bias: false)
    bn2 = norm.make(mid)
    conv3 = Conv2d(mid, outChannels, kernel: 1, bias: false)
    bn3 = norm.make(outChannels)
    residualConv =
      hasResidualConv ? Conv2d(inChannels, outChannels, kernel: 1, stride: Pair(stride), bias: false) : nil
    residualBn = hasResidualConv ? norm.make(outChannels) : nil
    self.dropPath = DropPath(dropPath)
  }

  func callAsFunction(_ x: Tensor, fusing features: Tensor? = nil) -> (output: Tensor, inner: Tensor) {
    let first = conv1(x, norm: bn1, activation: .relu)
    let inner = conv2(features.map { first + $0 } ?? first, norm: bn2, activation: .relu)
    let branch = dropPath(conv3(inner, norm: bn3))
    let shortcut = residualConv.map { $0(x, norm: residualBn) } ?? x
    return ((branch + shortcut).relu(), inner)
  }
}

/// From a feature map to tokens: a 1x1 convolution, pooling, a norm and an activation.
final class ConformerDown: Module {
  let convProject: Conv2d
  let ln: any NormLayer
  private let stride: Int
  private let hasClassToken: Bool

  init(_ channels: Int, _ width: Int, stride: Int, hasClassToken: Bool) {
    convProject = Conv2d(channels, width, kernel: 1)
    ln = NormConfig.layerNorm(eps: 1e-6).make(width)
    (self.stride, self.hasClassToken) = (stride, hasClassToken)
  }

  /// - Parameter tokens: those of the transformer, of which the class token is taken over.
  func callAsFunction(_ x: Tensor, _ tokens: Tensor) -> Tensor {
    let pooled = ln(convProject(x).avgPool2d(Pair(stride)).mapAsTokens()).gelu()
    return hasClassToken ? Tensor.concatenate([tokens.sliced(1, 0..<1), pooled], axis: 1) : pooled
  }
}

/// From tokens to a feature map: a 1x1 convolution, a norm, an activation, and enlarging.
final class ConformerUp: Module {
  let convProject: Conv2d
  let bn: any NormLayer
  private let stride: Int
  private let hasClassToken: Bool

  init(_ width: Int, _ channels: Int, stride: Int, hasClassToken: Bool) {
    convProject = Conv2d(width, channels, kernel: 1)
    var norm = NormConfig.batchNorm
    norm.eps = 1e-6
    bn = norm.make(channels)
    (self.stride, self.hasClassToken) = (stride, hasClassToken)
  }

  /// - Parameter size: of the map of tokens.
  func callAsFunction(_ tokens: Tensor, _ size: Pair) -> Tensor {
    let map = tokens.sliced(1, (hasClassToken ? 1 : 0)..<tokens.shape[1]).tokensAsMap(size)
    return convProject(map, norm: bn, activation: .relu)
      .interpolate(size: Pair(h: size.h * stride, w: size.w * stride))
  }
}

/// A step of both networks, each of which tells the other what it found.
final class ConformerBlock: Module {
  let cnnBlock: ConformerConvBlock
  let fusionBlock: ConformerConvBlock
  let squeezeBlock: ConformerDown
  let expandBlock: ConformerUp
  let transBlock: VisionTransformerLayer
  private let downStride: Int

  /// How a block differs from others.
  struct Options {
    var convStride = 1
    var hasResidualConv = false
    var downStride = 4
    var dropPath: Float = 0
    /// Whether the last convolutions halve the map.
    var isLast = false
  }

  init(_ inChannels: Int, _ outChannels: Int, _ config: Conformer.Config, _ options: Options) {
    downStride = options.downStride
    cnnBlock = ConformerConvBlock(
      inChannels, outChannels, stride: options.convStride, hasResidualConv: options.hasResidualConv)
    fusionBlock = ConformerConvBlock(
      outChannels, outChannels, stride: options.isLast ? 2 : 1, hasResidualConv: options.isLast,
      dropPath: options.dropPath)
    let width = config.design.width
    squeezeBlock = ConformerDown(
      outChannels / 4, width, stride: options.downStride, hasClassToken: config.hasClassToken)
    expandBlock = ConformerUp(
      width, outChannels / 4, stride: options.downStride, hasClassToken: config.hasClassToken)
    transBlock = config.layer(dropPath: options.dropPath)
  }

  func callAsFunction(_ x: Tensor, _ tokens: Tensor) -> (map: Tensor, tokens: Tensor) {
    let (map, inner) = cnnBlock(x)
    let newTokens = transBlock(squeezeBlock(inner, tokens) + tokens)
    let size = Pair(h: inner.shape[2] / downStride, w: inner.shape[3] / downStride)
    return (fusionBlock(map, fusing: expandBlock(newTokens, size)).output, newTokens)
  }
}
