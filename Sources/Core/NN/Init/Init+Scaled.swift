// Rules that scale by the number of connections.
extension Init {
  /// Deviation `gain · √(2 / (fanIn + fanOut))`.
  ///
  /// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
  public static func xavier(
    _ parameter: Parameter, gain: Double = 1, distribution: Distribution = .normal,
    using generator: inout RandomGenerator
  ) {
    let (fanIn, fanOut) = fans(of: parameter.shape)
    draw(
      parameter, deviation: gain * (2 / Double(max(1, fanIn + fanOut))).squareRoot(), distribution,
      using: &generator)
  }

  /// Deviation `gain(nonlinearity) / √fan`.
  ///
  /// He et al., "Delving Deep into Rectifiers", https://arxiv.org/abs/1502.01852. Defaults are those of mmcv's
  /// `kaiming_init`.
  ///
  /// - Parameter a: the slope of the leaky rectifier that follows, where `nonlinearity` is one.
  public static func kaiming(
    _ parameter: Parameter, a: Double = 0, mode: FanMode = .fanOut, nonlinearity: Nonlinearity = .relu,
    distribution: Distribution = .normal, using generator: inout RandomGenerator
  ) {
    let (fanIn, fanOut) = fans(of: parameter.shape)
    let fan = mode == .fanIn ? fanIn : fanOut
    draw(
      parameter, deviation: nonlinearity.gain(slope: a) / Double(max(1, fan)).squareRoot(), distribution,
      using: &generator)
  }

  /// Caffe2's `XavierFill`: uniform within `±√(3 / fanIn)`.
  public static func caffe2Xavier(_ parameter: Parameter, using generator: inout RandomGenerator) {
    kaiming(
      parameter, a: 1, mode: .fanIn, nonlinearity: .leakyReLU, distribution: .uniform, using: &generator)
  }

  /// How `torch.nn.Linear` and `torch.nn.Conv2d` start: weight and bias uniform within `±1 / √fanIn`.
  public static func linearDefault(
    _ weight: Parameter, bias: Parameter?, using generator: inout RandomGenerator
  ) {
    kaiming(
      weight, a: 5.0.squareRoot(), mode: .fanIn, nonlinearity: .leakyReLU, distribution: .uniform,
      using: &generator)
    guard let bias else { return }
    let fanIn = fans(of: weight.shape).fanIn
    let bound = fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0
    uniform(bias, low: -bound, high: bound, using: &generator)
  }

  private static func draw(
    _ parameter: Parameter, deviation: Double, _ distribution: Distribution,
    using generator: inout RandomGenerator
  ) {
    switch distribution {
    case .normal: normal(parameter, standardDeviation: deviation, using: &generator)
    case .uniform:
      let bound = 3.0.squareRoot() * deviation
      uniform(parameter, low: -bound, high: bound, using: &generator)
    }
  }
}
