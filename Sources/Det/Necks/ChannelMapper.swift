import Core

/// Gives all feature maps the same number of channels, and adds smaller maps on top.
///
/// Mirrors mmdet's `ChannelMapper`.
///
/// - Input: `[N, inChannels[i], H_i, W_i]`
/// - Output: `outputs` maps `[N, outChannels, H_i, W_i]`; those on top halve the size each time
public final class ChannelMapper: Module, Neck, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: [Int]
    public var outChannels: Int
    public var kernel: Int
    public var style: ConvStyle
    public var outputs: Int
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channelList("in_channels")
      outChannels = try reader.channels("out_channels")
      kernel = try reader.integer("kernel_size", default: 3, in: 1...63)
      style = try ConvStyle(from: &reader, activation: .relu)
      outputs =
        reader.has("num_outs") ? try reader.optional("num_outs") ?? inChannels.count : inChannels.count
      guard outputs <= 64 else {
        throw reader.invalid("must be at most 64, found \(outputs)", key: "num_outs")
      }
      initialization = try reader.initialization(default: [.xavierUniform])
      let (style, channels) = (style, outChannels)
      try reader.checked { try style.check(channels: [channels]) }
    }
  }

  let convs: ModuleList<ConvModule>
  let extraConvs: ModuleList<ConvModule>?
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    let (outChannels, count) = (config.outChannels, config.inChannels.count)
    convs = ModuleList(
      config.inChannels.map {
        config.style.make(
          $0, outChannels, kernel: Pair(config.kernel), padding: Pair((config.kernel - 1) / 2))
      })
    extraConvs =
      config.outputs > count
      ? ModuleList(
        (count..<config.outputs).map { level in
          config.style.make(
            level == count ? config.inChannels[count - 1] : outChannels, outChannels, kernel: 3, stride: 2,
            padding: 1)
        }) : nil
  }

  public var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? {
    Array(repeating: config.outChannels, count: max(config.outputs, config.inChannels.count))
  }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == convs.count, "ChannelMapper: \(convs.count) feature maps, found \(features.count)")
    var outputs = zip(convs, features).map { $0($1) }
    for (index, conv) in (extraConvs?.modules ?? []).enumerated() {
      outputs.append(conv(index == 0 ? features[features.count - 1] : outputs[outputs.count - 1]))
    }
    return outputs
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
