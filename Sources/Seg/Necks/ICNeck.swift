import Core

/// Fuses the three branches of ICNet, from the smallest map to the largest.
///
/// Zhao et al., "ICNet", 2017, section 3.3 (<https://arxiv.org/abs/1704.08545>). Mirrors mmseg's `ICNeck`.
///
/// - Output: the middle branch enlarged, the fused one enlarged, both for auxiliary heads; and what is classified.
final class ICNeck: Module, Neck {
  struct Config: ConfigRecord {
    var inChannels: [Int]
    var outChannels: Int
    var style: ConvStyle
    var alignCorners: Bool
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positives("in_channels", default: [64, 256, 256], count: 3)
      outChannels = try reader.positive("out_channels", default: 128)
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .relu)
      alignCorners = try reader.value("align_corners", default: false)
      initialization = try reader.initialization(default: [])
      try reader.check(style.norm, channels: [outChannels])
    }
  }

  /// Adds a small map, enlarged, to a large one.
  final class CascadeFeatureFusion: Module {
    let convLow: ConvModule
    let convHigh: ConvModule
    private let alignCorners: Bool

    init(low: Int, high: Int, _ config: Config) {
      convLow = config.style.make(low, config.outChannels, kernel: 3, padding: 2, dilation: 2)
      convHigh = config.style.make(high, config.outChannels, kernel: 1)
      alignCorners = config.alignCorners
    }

    /// The sum, and the small map by itself.
    func callAsFunction(_ low: Tensor, _ high: Tensor) -> (fused: Tensor, low: Tensor) {
      let low = convLow(low.resized(like: high, alignCorners: alignCorners))
      return ((low + convHigh(high)).relu(), low)
    }
  }

  @Named var fusion24: CascadeFeatureFusion
  @Named var fusion12: CascadeFeatureFusion
  private let inChannels: [Int]
  let initialization: [InitConfig]

  init(_ config: Config) {
    _fusion24 = Named(
      "cff_24", CascadeFeatureFusion(low: config.inChannels[2], high: config.inChannels[1], config))
    _fusion12 = Named(
      "cff_12", CascadeFeatureFusion(low: config.outChannels, high: config.inChannels[0], config))
    (inChannels, initialization) = (config.inChannels, config.initialization)
  }

  var inputChannels: [Int]? { inChannels }

  func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    let (fused24, low24) = fusion24(features[2], features[1])
    let (fused12, low12) = fusion12(fused24, features[0])
    return [low24, low12, fused12]
  }
}
