import Core

/// Joins feature maps of several sizes and convolves them with several dilations: a cheap stand-in for a dilated
/// backbone.
///
/// Wu et al., "FastFCN", 2019 (<https://arxiv.org/abs/1903.11816>). Mirrors mmseg's `JPU`.
///
/// - Output: the maps as given but for the last, and in its place the joined map at the size of the first.
final class JPU: Module, Neck {
  struct Config: ConfigRecord {
    var inChannels: [Int]
    var channels: Int
    var levels: Range<Int>
    var dilations: [Int]
    var alignCorners: Bool
    var style: ConvStyle
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positives("in_channels", default: [512, 1024, 2048])
      channels = try reader.positive("mid_channels", default: 512)
      let start = try reader.value("start_level", default: 0)
      let end = try reader.value("end_level", default: -1)
      let last = end == -1 ? inChannels.count : end
      guard (0..<inChannels.count).contains(start), (start + 1...inChannels.count).contains(last) else {
        throw reader.invalid(
          "start_level and end_level must name a part of \(inChannels.count) levels, found \(start), \(end)")
      }
      levels = start..<last
      dilations = try reader.positives("dilations", default: [1, 2, 4, 8])
      alignCorners = try reader.value("align_corners", default: false)
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .relu)
      initialization = try reader.initialization(default: [])
      try reader.check(style.norm, channels: [channels, channels * levels.count])
    }
  }

  let convLayers: ModuleList<Sequential>
  let dilationLayers: ModuleList<Sequential>
  private let inChannels: [Int]
  private let levels: Range<Int>
  private let alignCorners: Bool
  let initialization: [InitConfig]

  init(_ config: Config) {
    let (style, channels) = (config.style, config.channels)
    convLayers = ModuleList(
      config.levels.map { Sequential([style.make(config.inChannels[$0], channels, kernel: 3, padding: 1)]) })
    dilationLayers = ModuleList(
      config.dilations.map {
        Sequential([
          DepthwiseSeparableConvModule(
            config.levels.count * channels, channels, kernel: 3, padding: Pair($0), dilation: Pair($0),
            style: ConvStyle(norm: style.norm, activation: style.activation),
            depthwise: ConvStyle(norm: style.norm))
        ])
      })
    (levels, alignCorners) = (config.levels, config.alignCorners)
    (inChannels, initialization) = (config.inChannels, config.initialization)
  }

  var inputChannels: [Int]? { inChannels }

  func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    let maps = zip(convLayers, features[levels]).map { $0($1) }
    let joined = Tensor.concatenate(
      maps.map { $0.resized(like: maps[0], alignCorners: alignCorners) }, axis: 1)
    return features[levels].dropLast() + [.concatenate(dilationLayers.map { $0(joined) }, axis: 1)]
  }
}
