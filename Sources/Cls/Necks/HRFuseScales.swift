import Core

/// Joins the four resolutions of HRNet: each is widened and added to the next higher one, halved.
///
/// Sun et al., 2019, appendix A (<https://arxiv.org/abs/1904.04514>). Mirrors mmcls's `HRFuseScales`.
///
/// - Input: `[N, C_i, H / 2^i, W / 2^i]` for `i` in 0...3
/// - Output: `[N, outChannels, H / 8, W / 8]`
public final class HRFuseScales: Module, Neck, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: [Int]
    public var outChannels: Int
    public var norm: NormConfig
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.value("in_channels")
      guard inChannels.count == HRFuseScales.widths.count, inChannels.allSatisfy({ $0 > 0 }) else {
        throw reader.invalid(
          "must be \(HRFuseScales.widths.count) positive numbers, found \(inChannels)", key: "in_channels")
      }
      outChannels = try reader.value("out_channels", default: 2048)
      guard outChannels > 0 else {
        throw reader.invalid("must be positive, found \(outChannels)", key: "out_channels")
      }
      norm = try reader.value("norm_cfg", default: .batchNorm)
      initialization = try reader.initialization(default: [.normal(std: 0.01, layers: ["Linear"])])
    }
  }

  /// Channels to which the resolutions are widened.
  static let widths = [128, 256, 512, 1024]

  let increaseLayers: ModuleList<Sequential>
  let downsampleLayers: ModuleList<ConvModule>
  let finalLayer: ConvModule
  public let initialization: [InitConfig]

  public init(_ config: Config) {
    let widths = Self.widths
    var options = ResidualBlockOptions()
    options.expansion = 4
    increaseLayers = ModuleList(
      zip(config.inChannels, widths).map { channels, width in
        ResLayer.make(
          blocks: 1, usesBottleneck: true, inChannels: channels, outChannels: width, averageDown: false,
          options)
      })
    downsampleLayers = ModuleList(
      zip(widths, widths.dropFirst()).map { channels, width in
        ConvModule(channels, width, kernel: 3, stride: 2, padding: 1, bias: false, norm: config.norm)
      })
    finalLayer = ConvModule(
      widths[widths.count - 1], config.outChannels, kernel: 1, bias: false, norm: config.norm)
    initialization = config.initialization
  }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == increaseLayers.count,
      "HRFuseScales: \(increaseLayers.count) feature maps, found \(features.count)")
    var x = increaseLayers[0](features[0])
    for (index, layer) in downsampleLayers.enumerated() {
      x = layer(x) + increaseLayers[index + 1](features[index + 1])
    }
    return [finalLayer(x)]
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
