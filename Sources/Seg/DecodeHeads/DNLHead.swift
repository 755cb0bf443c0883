import Core

/// Attention between pixels relative to their mean, plus one that is the same for all.
///
/// Yin et al., "Disentangled Non-Local Neural Networks", 2020 (<https://arxiv.org/abs/2006.06668>). Mirrors mmseg's
/// `DisentangledNonLocal2d`.
final class DisentangledNonLocal2d: Module, UnaryModule {
  struct Options {
    /// How many times fewer channels the projections have.
    var reduction: Int
    /// Whether products are divided by the root of the number of channels.
    var usesScale: Bool
    /// Products are divided by the number of pixels instead of taking their softmax.
    var isDotProduct: Bool
    /// What products are divided by before the softmax.
    var temperature: Float
    var style: ConvStyle
  }

  let g: ConvModule
  let convOut: ConvModule
  let theta: ConvModule
  let phi: ConvModule
  let convMask: Conv2d
  private let options: Options

  init(_ channels: Int, _ options: Options) {
    self.options = options
    let inner = max(channels / options.reduction, 1)
    let plain = ConvStyle(conv: options.style.conv)
    g = plain.make(channels, inner, kernel: 1)
    convOut = ConvStyle(conv: options.style.conv, norm: options.style.norm).make(inner, channels, kernel: 1)
    theta = plain.make(channels, inner, kernel: 1)
    phi = plain.make(channels, inner, kernel: 1)
    convMask = Conv2d(channels, 1, kernel: 1)
    super.init()
    InitialValues.draw { resetProjections(using: &$0) }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (query, key, value) = (theta(x).pixelRows, phi(x).pixelRows, g(x).pixelRows)
    let (q, k) = (query - query.mean([1], keepingAxes: true), key - key.mean([1], keepingAxes: true))
    let pairwise: Tensor
    if options.isDotProduct {
      pairwise = q.matmul(k.transposed(), scale: 1 / Float(k.shape[1])).matmul(value)
    } else {
      let scale = (options.usesScale ? 1 / Float(q.shape[2]).squareRoot() : 1) / options.temperature
      pairwise = Tensor.attention(query: q, key: k, value: value, scale: scale)
    }
    // [N, 1, channels]: what every pixel sees of all.
    let unary = convMask(x).pixelRows.transposed().softmax(2).matmul(value)
    return x + convOut((pairwise + unary).asImage(height: x.shape[2], width: x.shape[3]))
  }

  /// Projections start small, and the last convolution, or its norm, at 0: the block starts as the identity.
  private func resetProjections(using generator: inout RandomGenerator) {
    for conv in [g.conv, theta.conv, phi.conv] {
      Init.normal(conv.weight, standardDeviation: 0.01, using: &generator)
      if let bias = conv.bias { Init.constant(bias, 0) }
    }
    if let norm = convOut.norm {
      norm.resetAffine(weight: 0)
    } else {
      Init.constant(convOut.conv.weight, 0)
      if let bias = convOut.conv.bias { Init.constant(bias, 0) }
    }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    resetProjections(using: &generator)
  }
}

/// Disentangled attention between two convolutions. Mirrors mmseg's `DNLHead`.
final class DNLHead: FCNHead {
  struct AttentionConfig: ConfigRecord {
    var head: FCNHead.Config
    var options: DisentangledNonLocal2d.Options

    init(from reader: inout ConfigReader) throws {
      let reduction = try reader.positive("reduction", default: 2)
      let usesScale = try reader.value("use_scale", default: true)
      let mode: String = try reader.value("mode", default: "embedded_gaussian")
      guard mode == "embedded_gaussian" || mode == "dot_product" else {
        throw reader.invalid("must be one of dot_product, embedded_gaussian, found '\(mode)'", key: "mode")
      }
      let temperature: Float = try reader.value("temperature", default: 0.05)
      head = try FCNHead.Config(from: &reader, convolutions: 2)
      options = .init(
        reduction: reduction, usesScale: usesScale, isDotProduct: mode == "dot_product",
        temperature: temperature,
        style: head.base.style)
    }
  }

  let dnlBlock: DisentangledNonLocal2d

  init(_ config: AttentionConfig, _ context: BuildContext) throws {
    dnlBlock = DisentangledNonLocal2d(config.head.base.channels, config.options)
    try super.init(config.head, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    return joined(x, convs[1](dnlBlock(convs[0](x))))
  }
}
