import Core
import PyConfig

/// Balances a feature pyramid: all levels are averaged at one size, refined, and added to each level.
///
/// Pang et al., 2019, section 3.2 (<https://arxiv.org/abs/1904.02701>). Mirrors mmdet's `BFP`.
///
/// - Input: `levels` maps `[N, channels, H_i, W_i]`; the output has the same shapes.
public final class BFP: Module, Neck, ConfiguredModule {
  /// How the average is refined.
  public enum Refinement: String, Sendable, CaseIterable, ConfigDecodable {
    case conv
    case nonLocal = "non_local"
  }

  public struct Config: ConfigRecord, Sendable {
    public var channels: Int
    public var levels: Int
    /// The level at whose size the average is taken.
    public var refineLevel: Int
    public var refinement: Refinement?
    public var style: ConvStyle
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      channels = try reader.channels("in_channels")
      levels = try reader.integer("num_levels", in: 1...64)
      refineLevel = try reader.integer("refine_level", default: 2, in: 0...(levels - 1))
      guard refineLevel < levels else {
        throw reader.invalid("must be below num_levels, \(levels), found \(refineLevel)", key: "refine_level")
      }
      refinement = try reader.optional("refine_type")
      style = ConvStyle(
        conv: try reader.optional("conv_cfg") ?? .plain, norm: try reader.optional("norm_cfg"),
        activation: .relu)
      initialization = try reader.initialization(default: [.xavierUniform])
      let (style, channels) = (style, channels)
      try reader.checked { try style.check(channels: [channels]) }
    }
  }

  let refine: (any UnaryModule)?
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    switch config.refinement {
    case nil: refine = nil
    case .conv: refine = config.style.make(config.channels, config.channels, kernel: 3, padding: 1)
    case .nonLocal:
      var options = NonLocal2d.Options()
      (options.reduction, options.usesScale) = (1, false)
      (options.conv, options.norm) = (config.style.conv, config.style.norm)
      refine = NonLocal2d(config.channels, options)
    }
  }

  public var inputChannels: [Int]? { Array(repeating: config.channels, count: config.levels) }
  public var outputChannels: [Int]? { inputChannels }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.levels, "BFP: \(config.levels) feature maps, found \(features.count)")
    let size = features[config.refineLevel].imageSize
    var gathered: Tensor?
    for (level, x) in features.enumerated() {
      let part = level < config.refineLevel ? x.adaptiveMaxPool2d(size) : x.interpolate(size: size)
      gathered = gathered.map { $0 + part } ?? part
    }
    guard var mean = gathered else { return [] }
    mean = mean / Float(features.count)
    if let refine { mean = refine(mean) }
    return features.enumerated().map { level, x in
      let residual =
        level < config.refineLevel ? mean.interpolate(size: x.imageSize) : mean.adaptiveMaxPool2d(x.imageSize)
      return residual + x
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// The refinement has the last word over the rules of `init_cfg`.
  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    refine?.initializeWeights(using: &generator)
  }
}
