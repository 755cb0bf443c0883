/// Adds to each pixel a weighted mean over all pixels.
///
/// Wang et al., "Non-local Neural Networks", 2017 (<https://arxiv.org/abs/1711.07971>). Mirrors mmcv's `NonLocal2d`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
public final class NonLocal2d: Module, UnaryModule {
  /// How the weight of a pair of pixels is worked out.
  public enum Mode: String, Sendable, CaseIterable, ConfigDecodable {
    case gaussian, concatenation
    case embeddedGaussian = "embedded_gaussian"
    case dotProduct = "dot_product"
  }

  public struct Options: Sendable {
    /// How many times fewer channels there are inside.
    public var reduction = 2
    /// Whether products are divided by the root of the number of channels, with `embedded_gaussian`.
    public var usesScale = true
    public var conv = ConvConfig.plain
    /// Of the last convolution.
    public var norm: NormConfig?
    public var mode = Mode.embeddedGaussian
    /// Whether keys and values are pooled to half the size.
    public var subsamples = false
    /// Whether the block starts as the identity.
    public var zerosInit = true
    /// Of the other first values.
    public var std = 0.01

    public init() {}
  }

  // Where keys and values are pooled they are the first of two modules in a row, which adds `0` to their keys.
  public let g: any UnaryModule
  public let convOut: ConvModule
  public let theta: ConvModule?
  public let phi: (any UnaryModule)?
  let concatProject: ConvModule?
  private let options: Options
  private let inner: Int

  public init(_ channels: Int, _ options: Options = Options()) {
    precondition(options.reduction > 0, "NonLocal2d: a positive reduction, found \(options.reduction)")
    self.options = options
    let inner = max(channels / options.reduction, 1)
    self.inner = inner
    func pointwise() -> ConvModule {
      ConvModule(channels, inner, kernel: 1, conv: options.conv, activation: nil)
    }
    func pooled(_ layer: ConvModule) -> any UnaryModule {
      options.subsamples ? Sequential([layer, MaxPool2d(2)]) : layer
    }
    let isEmbedded = options.mode != .gaussian
    g = pooled(pointwise())
    convOut = ConvModule(inner, channels, kernel: 1, conv: options.conv, norm: options.norm, activation: nil)
    theta = isEmbedded ? pointwise() : nil
    phi = isEmbedded ? pooled(pointwise()) : options.subsamples ? MaxPool2d(2) : nil
    concatProject =
      options.mode == .concatenation
      ? ConvModule(inner * 2, 1, kernel: 1, bias: false, activation: .relu) : nil
    super.init()
    InitialValues.draw { resetParameters(using: &$0) }
  }

  private func resetParameters(using generator: inout RandomGenerator) {
    for layer in [g, theta, phi].compactMap({ $0 }) {
      layer.forEachModule { _, module in
        guard let conv = module as? Conv2d else { return }
        Init.normal(conv.weight, mean: 0, standardDeviation: options.std, using: &generator)
        if let bias = conv.bias { Init.constant(bias, 0) }
      }
    }
    let (weight, bias) =
      options.norm == nil
      ? (convOut.conv.weight, convOut.conv.bias) : (convOut.norm?.weight, convOut.norm?.bias)
    if let weight {
      options.zerosInit
        ? Init.constant(weight, 0)
        : Init.normal(weight, mean: 0, standardDeviation: options.std, using: &generator)
    }
    if let bias { Init.constant(bias, 0) }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    resetParameters(using: &generator)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let n = x.shape[0]
    /// `[N, C, pixels]`
    func flat(_ map: Tensor) -> Tensor { map.reshaped([n, map.shape[1], map.shape[2] * map.shape[3]]) }
    let values = flat(g(x)).transposed()
    let queries = flat(theta.map { $0(x) } ?? x)
    let keys = flat(phi.map { $0(x) } ?? x)
    let weights: Tensor
    switch options.mode {
    case .gaussian: weights = queries.transposed().matmul(keys).softmax(-1)
    case .embeddedGaussian:
      let scale = options.usesScale ? 1 / Float(inner).squareRoot() : 1
      weights = queries.transposed().matmul(keys, scale: scale).softmax(-1)
    case .dotProduct: weights = queries.transposed().matmul(keys) / Float(keys.shape[2])
    case .concatenation:
      guard let concatProject else { preconditionFailure("NonLocal2d: concatenation has a projection") }
      let (h, w) = (queries.shape[2], keys.shape[2])
      let pairs = Tensor.concatenate(
        [
          queries.unsqueezed(-1).expanded(to: [n, inner, h, w]),
          keys.unsqueezed(2).expanded(to: [n, inner, h, w]),
        ], axis: 1)
      weights = concatProject(pairs).reshaped([n, h, w]) / Float(w)
    }
    let y = weights.matmul(values).transposed().reshaped([n, inner, x.shape[2], x.shape[3]])
    return x + convOut(y)
  }
}
