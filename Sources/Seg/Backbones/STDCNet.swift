import Core
import PyConfig

/// Blocks whose convolutions each make half as many channels as the one before, all of them kept.
///
/// Fan et al., "Rethinking BiSeNet", 2021 (<https://arxiv.org/abs/2104.13188>). Mirrors mmseg's `STDCNet`.
///
/// - Output: three maps at strides 8, 16 and 32.
final class STDCNet: Module, Backbone, ConfiguredModule {
  enum Kind: String, Sendable, CaseIterable, ConfigDecodable {
    case small = "STDCNet1"
    case large = "STDCNet2"

    /// Blocks of the three stages, the first of each of which halves the size.
    var blocks: [Int] { self == .small ? [2, 2, 2] : [4, 5, 3] }
  }

  struct Config: ConfigRecord {
    var kind: Kind
    var inChannels: Int
    var channels: [Int]
    var fusion: Fusion
    var style: ConvStyle
    var convolutions: Int
    var hasFinalConv: Bool
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      kind = try reader.value("stdc_type")
      inChannels = try reader.positive("in_channels")
      channels = try reader.positives("channels", count: 5)
      fusion = try reader.value("bottleneck_type")
      style = ConvStyle(norm: try reader.value("norm_cfg"), activation: try reader.value("act_cfg"))
      convolutions = try reader.value("num_convs", default: 4)
      let divisor = 1 << (convolutions - 1)
      guard (2...12).contains(convolutions), channels.dropFirst(2).allSatisfy({ $0 % divisor == 0 }) else {
        throw reader.invalid(
          "must be at least 2, and channels multiples of 2^(num_convs - 1), found \(convolutions) and \(channels)",
          key: "num_convs")
      }
      hasFinalConv = try reader.value("with_final_conv", default: false)
      initialization = try reader.initialization(default: [])
      // The original notes it down and never reads it.
      reader.ignore("pretrained")
      try reader.check(style.norm, channels: channels)
    }
  }

  /// What becomes of the maps of a block.
  enum Fusion: String, Sendable, CaseIterable, ConfigDecodable {
    case add, cat
  }

  /// Two convolutions, then three stages.
  let stages: Sequential
  let finalConv: ConvModule?
  let outputs: [FeatureShape]
  let initialization: [InitConfig]

  init(_ config: Config) {
    let (widths, style) = (config.channels, config.style)
    var stages: [any UnaryModule] = [
      style.make(config.inChannels, widths[0], kernel: 3, stride: 2, padding: 1),
      style.make(widths[0], widths[1], kernel: 3, stride: 2, padding: 1),
    ]
    for (index, blocks) in config.kind.blocks.enumerated() {
      stages.append(
        Sequential(
          (0..<blocks).map { block in
            STDCModule(
              block == 0 ? widths[index + 1] : widths[index + 2], widths[index + 2], isSmaller: block == 0,
              config)
          }))
    }
    self.stages = Sequential(stages)
    let last = max(1024, widths[4])
    finalConv = config.hasFinalConv ? style.make(widths[4], last, kernel: 1) : nil
    outputs = [
      FeatureShape(channels: widths[2], stride: 8), FeatureShape(channels: widths[3], stride: 16),
      FeatureShape(channels: config.hasFinalConv ? last : widths[4], stride: 32),
    ]
    initialization = config.initialization
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    var maps: [Tensor] = []
    for stage in stages.layers { maps.append(stage(maps.last ?? x)) }
    if let finalConv { maps.append(finalConv(maps.removeLast())) }
    return Array(maps.dropFirst(2))
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// The block of `STDCNet`.
final class STDCModule: Module, UnaryModule {
  let layers: Sequential
  /// Where maps are added, it is also part of the first layer.
  let downsample: ConvModule?
  let skip: (any UnaryModule)?
  private let fusion: STDCNet.Fusion

  /// - Parameter isSmaller: whether the result has half the size.
  init(_ inChannels: Int, _ outChannels: Int, isSmaller: Bool, _ config: STDCNet.Config) {
    let style = config.style
    func halving(_ channels: Int) -> ConvModule {
      ConvModule(
        channels, channels, kernel: 3, stride: 2, padding: 1, groups: channels, norm: style.norm,
        activation: nil)
    }
    let first = ConvStyle(norm: style.norm, activation: .relu).make(inChannels, outChannels / 2, kernel: 1)
    let downsample = isSmaller ? halving(outChannels / 2) : nil
    let adds = config.fusion == .add
    var layers: [any UnaryModule] = [first]
    if adds, let downsample { layers = [Sequential([first, downsample])] }
    for index in 1..<config.convolutions {
      let isLast = index == config.convolutions - 1
      layers.append(
        style.make(outChannels >> index, outChannels >> (isLast ? index : index + 1), kernel: 3, padding: 1))
    }
    self.layers = Sequential(layers)
    self.downsample = downsample
    switch (isSmaller, adds) {
    case (true, true):
      skip = Sequential([
        halving(inChannels), ConvStyle(norm: style.norm).make(inChannels, outChannels, kernel: 1),
      ])
    case (true, false): skip = AvgPool2d(3, stride: 2, padding: 1)
    case (false, _): skip = nil
    }
    fusion = config.fusion
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var maps = [layers[0](x)]
    switch fusion {
    case .add:
      for layer in layers.layers.dropFirst() { maps.append(layer(maps[maps.count - 1])) }
      return .concatenate(maps, axis: 1) + (skip.map { $0(x) } ?? x)
    case .cat:
      let first = maps[0]
      for (index, layer) in layers.layers.dropFirst().enumerated() {
        maps.append(layer(index == 0 ? downsample.map { $0(first) } ?? first : maps[maps.count - 1]))
      }
      if let skip { maps[0] = skip(first) }
      return .concatenate(maps, axis: 1)
    }
  }
}
