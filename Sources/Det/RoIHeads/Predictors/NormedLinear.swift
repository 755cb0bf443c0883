import Core

/// A fully connected layer over rows and weights divided by their lengths: scaled cosines.
///
/// Mirrors mmdet's `NormedLinear`, of the baselines of Wang et al., 2021 (<https://arxiv.org/abs/2008.10032>).
///
/// - Input: `[N, in]`
/// - Output: `[N, out]`
public final class NormedLinear: Module, UnaryModule {
  /// `[out, in]`
  public let weight: Parameter
  /// `[out]`
  public let bias: Parameter
  private let options: NormedOptions

  public init(_ inFeatures: Int, _ outFeatures: Int, _ options: NormedOptions) {
    weight = Parameter(.zeros([outFeatures, inFeatures]))
    bias = Parameter(.zeros([outFeatures]))
    self.options = options
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    (options.normalized(x) * options.temperature).linear(options.normalized(weight.value), bias: bias.value)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.normal(weight, standardDeviation: 0.01, using: &generator)
    Init.constant(bias, 0)
  }
}

/// A 1x1 convolution over pixels and weights divided by their lengths. Mirrors mmdet's `NormedConv2d`.
///
/// - Input: `[N, in, H, W]`
/// - Output: `[N, out, H, W]`
public final class NormedConv2d: Module, UnaryModule {
  /// `[out, in, 1, 1]`
  public let weight: Parameter
  /// `[out]`
  public let bias: Parameter
  private let options: NormedOptions

  public init(_ inChannels: Int, _ outChannels: Int, _ options: NormedOptions) {
    weight = Parameter(.zeros([outChannels, inChannels, 1, 1]))
    bias = Parameter(.zeros([outChannels]))
    self.options = options
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    // Over one pixel, the length of a kernel is that over its channels.
    (options.normalized(x) * options.temperature).conv2d(options.normalized(weight.value), bias: bias.value)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.linearDefault(weight, bias: bias, using: &generator)
  }
}

/// What the two normed layers are made with.
public struct NormedOptions: Sendable, Equatable {
  /// What normalised inputs are multiplied by.
  public var temperature: Float = 20
  /// The power that lengths are raised to.
  public var power: Float = 1
  /// Added to lengths.
  public var eps: Float = 1e-6

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    // The original's spelling.
    temperature = try reader.value("tempearture", default: 20)
    power = try reader.value("power", default: 1)
    eps = try reader.value("eps", default: 1e-6)
  }

  /// Divides by the length along axis 1.
  func normalized(_ x: Tensor) -> Tensor {
    var length = x.squared().sum([1], keepingAxes: true).squareRoot()
    if power != 1 { length = length.power(power) }
    return x / (length + eps)
  }
}
