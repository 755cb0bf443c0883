import Foundation

/// Rules for the values from which training starts, as in `torch.nn.init` and mmcv.
///
/// Each overwrites a parameter in place.
public enum Init {
  /// Which distribution a rule draws from.
  public enum Distribution: String, Sendable, CaseIterable {
    case uniform, normal
  }

  /// Whether a rule keeps the size of activations (`fan_in`) or of gradients (`fan_out`).
  public enum FanMode: String, Sendable, CaseIterable {
    case fanIn = "fan_in"
    case fanOut = "fan_out"
  }

  /// What follows a layer: decides by which factor the deviation grows.
  public enum Nonlinearity: String, Sendable, CaseIterable {
    case linear, conv1d, conv2d, conv3d, sigmoid, tanh, relu, selu
    case convTranspose1d = "conv_transpose1d"
    case convTranspose2d = "conv_transpose2d"
    case convTranspose3d = "conv_transpose3d"
    case leakyReLU = "leaky_relu"

    /// The recommended factor; `slope` is that of a leaky rectifier.
    public func gain(slope: Double = 0.01) -> Double {
      switch self {
      case .linear, .conv1d, .conv2d, .conv3d, .convTranspose1d, .convTranspose2d, .convTranspose3d, .sigmoid:
        1
      case .tanh: 5.0 / 3
      case .relu: 2.0.squareRoot()
      case .leakyReLU: (2 / (1 + slope * slope)).squareRoot()
      case .selu: 0.75
      }
    }
  }

  /// How many inputs reach one output of a weight `[out, in, ...]`, and how many outputs one input reaches.
  ///
  /// - Precondition: at least two axes.
  public static func fans(of shape: [Int]) -> (fanIn: Int, fanOut: Int) {
    precondition(shape.count >= 2, "Init.fans: at least two axes, found \(shape)")
    let receptiveField = shape.dropFirst(2).reduce(1, *)
    return (shape[1] * receptiveField, shape[0] * receptiveField)
  }

  /// Every element `value`.
  public static func constant(_ parameter: Parameter, _ value: Double) {
    parameter.value.fillInPlace(value)
  }

  public static func uniform(
    _ parameter: Parameter, low: Double = 0, high: Double = 1, using generator: inout RandomGenerator
  ) {
    parameter.assign(.uniform(parameter.shape, low: low, high: high, using: &generator))
  }

  public static func normal(
    _ parameter: Parameter, mean: Double = 0, standardDeviation: Double = 1,
    using generator: inout RandomGenerator
  ) {
    parameter.assign(
      .normal(parameter.shape, mean: mean, standardDeviation: standardDeviation, using: &generator))
  }

  /// Normally distributed within `low...high` (absolute bounds, not in deviations).
  public static func truncatedNormal(
    _ parameter: Parameter, mean: Double = 0, standardDeviation: Double = 1, low: Double = -2,
    high: Double = 2,
    using generator: inout RandomGenerator
  ) {
    parameter.assign(
      .truncatedNormal(
        parameter.shape, mean: mean, standardDeviation: standardDeviation, low: low, high: high,
        using: &generator))
  }

  /// The bias with which a sigmoid starts at `probability`: `-log((1 - p) / p)`.
  public static func bias(forProbability probability: Double) -> Double {
    precondition(
      probability > 0 && probability < 1, "Init.bias: a probability between 0 and 1, found \(probability)")
    return -log((1 - probability) / probability)
  }
}
