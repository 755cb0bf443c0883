import Core

/// The power mean over each feature map, with a power that is learnt: `mean(x^p)^(1/p)`.
///
/// Radenović et al., 2017, section 3.2 (<https://arxiv.org/abs/1711.02512>). Mirrors mmcls's `GeneralizedMeanPooling`.
///
/// - Input: feature maps `[N, C, H, W]`
/// - Output: features `[N, C]`
public final class GeneralizedMeanPooling: Module, Neck {
  public struct Config: ConfigRecord, Sendable {
    /// Where the power starts.
    public var power: Double = 3
    /// The least value that enters the mean, where `clamps`.
    public var epsilon: Float = 1e-6
    public var clamps = true

    public init() {}

    public init(from reader: inout ConfigReader) throws {
      power = try reader.value("p", default: 3)
      guard power >= 1 else { throw reader.invalid("must be at least 1, found \(power)", key: "p") }
      epsilon = try reader.value("eps", default: 1e-6)
      clamps = try reader.value("clamp", default: true)
    }
  }

  /// `[1]`
  let p: Parameter
  private let config: Config

  public init(_ config: Config = Config()) {
    self.config = config
    p = Parameter(.full([1], config.power))
  }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    features.map { x in
      let x = config.clamps ? x.clamped(min: config.epsilon) : x
      return x.power(p.value).globalAvgPool2d().power(1 / p.value).flattened(from: 1)
    }
  }
}
