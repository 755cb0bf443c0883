import Core

/// Gives each feature map of a vision transformer a size of its own.
///
/// Mirrors mmseg's `MultiLevelNeck`.
final class MultiLevelNeck: Module, Neck {
  struct Config: ConfigRecord {
    var inChannels: [Int]
    var outChannels: Int
    var factors: [Double]
    var style: ConvStyle

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positives("in_channels")
      outChannels = try reader.positive("out_channels")
      factors = try reader.value("scales", default: [0.5, 1, 2, 4])
      guard factors.allSatisfy({ $0 > 0 && $0 <= 64 }),
        inChannels.count == 1 || inChannels.count >= factors.count,
        !factors.isEmpty
      else {
        throw reader.invalid("must be positive, one for each input at most, found \(factors)", key: "scales")
      }
      style = ConvStyle(
        norm: try reader.value("norm_cfg", default: nil as NormConfig?),
        activation: try reader.value("act_cfg", default: nil as ActivationConfig?))
      try reader.check(style.norm, channels: [outChannels])
    }
  }

  let lateralConvs: ModuleList<ConvModule>
  let convs: ModuleList<ConvModule>
  private let factors: [Double]
  private let inChannels: [Int]

  init(_ config: Config) {
    let (style, out) = (config.style, config.outChannels)
    lateralConvs = ModuleList(config.inChannels.map { style.make($0, out, kernel: 1) })
    convs = ModuleList(config.factors.map { _ in style.make(out, out, kernel: 3, padding: 1) })
    (factors, inChannels) = (config.factors, config.inChannels)
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    InitConfig(.xavier(gain: 1, .uniform), layers: ["Conv2d"]).apply(to: self, using: &generator)
  }

  var inputChannels: [Int]? { inChannels }

  func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    let maps = zip(lateralConvs, features).map { $0($1) }
    return factors.enumerated().map { index, factor in
      let x = maps.count == 1 ? maps[0] : maps[index]
      return convs[index](factor == 1 ? x : x.interpolate(scaleFactor: ScaleFactor(factor), mode: .bilinear))
    }
  }
}
