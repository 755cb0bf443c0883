import PyConfig

/// Adds to each pixel what all pixels of the image say, weighted by how much they have in common.
///
/// Wang et al., 2018 (<https://arxiv.org/abs/1711.07971>). Mirrors mmcv's `NonLocal2d`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
public final class NonLocal2d: Module, UnaryModule {
  /// How the weight of a pair of pixels is found.
  public enum Mode: String, Sendable, CaseIterable, ConfigDecodable {
    /// Softmax of products of the pixels themselves.
    case gaussian
    /// Softmax of products of projections.
    case embeddedGaussian = "embedded_gaussian"
    /// Products of projections, divided by the number of pixels.
    case dotProduct = "dot_product"
    /// A rectified linear function of both projections, divided by the number of pixels.
    case concatenation
  }

  public struct Options: Sendable {
    /// How many times fewer channels the projections have.
    public var reduction = 2
    /// Whether products are divided by the root of the number of channels, in the mode `embeddedGaussian`.
    public var usesScale = true
    /// Whether the pixels that are looked at are halved along both axes.
    public var subsamples = false
    public var mode = Mode.embeddedGaussian
    public var conv = ConvConfig.plain
    /// Of the last convolution.
    public var norm: NormConfig?

    public init() {}
  }

  let g: any UnaryModule
  let convOut: ConvModule
  let theta: ConvModule?
  let phi: (any UnaryModule)?
  let concatProject: ConvModule?
  private let options: Options

  public init(_ channels: Int, _ options: Options) {
    self.options = options
    let inner = max(channels / options.reduction, 1)
    func project() -> ConvModule { ConvModule(channels, inner, kernel: 1, conv: options.conv, activation: nil) }
    func subsampled(_ layer: ConvModule?) -> any UnaryModule {
      Sequential([layer as (any UnaryModule)?, MaxPool2d(2)].compactMap { $0 })
    }
    let embeds = options.mode != .gaussian
    g = options.subsamples ? subsampled(project()) : project()
    convOut = ConvModule(inner, channels, kernel: 1, conv: options.conv, norm: options.norm, activation: nil)
    theta = embeds ? project() : nil
    switch (embeds, options.subsamples) {
    case (true, true): phi = subsampled(project())
    case (true, false): phi = project()
    case (false, true): phi = MaxPool2d(2)
    case (false, false): phi = nil
    }
    concatProject = options.mode == .concatenation ? ConvModule(2 * inner, 1, kernel: 1, bias: false) : nil
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    // A row a pixel: [N, pixels, channels].
    func rows(_ x: Tensor) -> Tensor { x.permuted([0, 2, 3, 1]).reshaped([x.shape[0], x.shape[2] * x.shape[3], x.shape[1]]) }
    let values = rows(g(x)), asking = rows(theta.map { $0(x) } ?? x), asked = rows(phi.map { $0(x) } ?? x)
    let y = weights(asking, asked).matmul(values)
    let image = y.reshaped([x.shape[0], x.shape[2], x.shape[3], y.shape[2]]).permuted([0, 3, 1, 2])
    return x + convOut(image)
  }

  /// The weight of each pixel asked for each pixel asking, `[N, asking, asked]`.
  private func weights(_ asking: Tensor, _ asked: Tensor) -> Tensor {
    switch options.mode {
    case .gaussian: return asking.matmul(asked.transposed()).softmax(-1)
    case .embeddedGaussian:
      let scale = options.usesScale ? 1 / Float(asking.shape[2]).squareRoot() : 1
      return asking.matmul(asked.transposed(), scale: scale).softmax(-1)
    case .dotProduct: return asking.matmul(asked.transposed(), scale: 1 / Float(asked.shape[1]))
    case .concatenation:
      guard let concatProject else { preconditionFailure("NonLocal2d: the mode concatenation has a projection") }
      // The projection of a pair is the sum of one of each.
      let inner = asking.shape[2], weight = concatProject.conv.weight.value.reshaped([2 * inner, 1])
      let pairs = asking.matmul(weight[0..<inner]) + asked.matmul(weight[inner...]).transposed()
      return pairs.relu() / Float(asked.shape[1])
    }
  }

  /// Projections start small, and the last convolution (or its norm) at 0: the layer starts as the identity.
  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    let projections = [g, theta, options.mode == .gaussian ? nil : phi] as [(any UnaryModule)?]
    for layer in projections.compactMap({ $0 as? ConvModule ?? ($0 as? Sequential)?[0] as? ConvModule }) {
      Init.normal(layer.conv.weight, standardDeviation: 0.01, using: &generator)
      layer.conv.bias?.value.fillInPlace(0)
    }
    guard let norm = convOut.norm else {
      Init.constant(convOut.conv.weight, 0)
      convOut.conv.bias?.value.fillInPlace(0)
      return
    }
    norm.resetAffine(weight: 0, bias: 0)
  }
}
