import Core
import PyConfig

/// The searched feature pyramid of Wang et al., 2019, fig. 3 (<https://arxiv.org/abs/1906.04423>). Mirrors mmdet's
/// `NASFCOS_FPN`.
///
/// - Input: C2 to C5, `[N, inChannels[i], H_i, W_i]`
/// - Output: `[N, outChannels, H_i, W_i]`, P3 to P5 and levels on top that halve the size each time
public final class NASFCOSFPN: Module, Neck {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: [Int]
    public var outChannels: Int
    public var outputs: Int
    public var levels: Range<Int>
    public var conv: ConvConfig
    public var norm: NormConfig?

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channelList("in_channels")
      outChannels = try reader.channels("out_channels")
      (outputs, levels) = try reader.pyramidLevels(of: inChannels.count)
      guard inChannels.count >= 4, levels.count >= 3 else {
        throw reader.invalid(
          "must use three levels of at least four, found \(levels.count) of \(inChannels.count)")
      }
      conv = try reader.optional("conv_cfg") ?? .plain
      norm = try reader.optional("norm_cfg")
      if let initial = reader.node("init_cfg"), !initial.isNone {
        throw reader.invalid("must be None", key: "init_cfg")
      }
      // Levels on top are always convolved.
      reader.ignore("add_extra_convs")
      let (norm, channels) = (norm, outChannels)
      try reader.checked { try norm?.check(channels: [channels]) }
    }
  }

  /// The cells, and which two of all maps so far each of them joins.
  private static let plan: [(key: String, first: Int, second: Int, convolvesSecond: Bool)] = [
    ("c22_1", 2, 2, true), ("c22_2", 2, 2, true), ("c32", 3, 2, false), ("c02", 0, 2, false),
    ("c42", 4, 2, true),
    ("c36", 3, 6, true), ("c61", 6, 1, true),
  ]

  let adaptConvs: ModuleList<ConvModule>
  let fpn: NamedModules<MergeCell>
  let extraDownsamples: ModuleList<ConvModule>
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    let channels = config.outChannels
    adaptConvs = ModuleList(
      config.inChannels[config.levels].map {
        ConvModule($0, channels, kernel: 1, bias: false, norm: .batchNorm, activation: .relu)
      })
    func input() -> ConvModule {
      ConvModule(channels, channels, kernel: 3, padding: 1, bias: true, conv: config.conv, norm: config.norm)
    }
    fpn = NamedModules(
      Self.plan.map { cell in
        var options = ConvModule.Options()
        (options.groups, options.bias, options.norm) = (channels, false, .batchNorm)
        options.order = [.norm, .act, .conv]
        let out = ConvModule(2 * channels, channels, kernel: 1, options)
        return (
          cell.key, MergeCell(.concat, outConv: out, inputs: (input(), cell.convolvesSecond ? input() : nil))
        )
      })
    extraDownsamples = ModuleList(
      (0..<config.outputs - config.levels.count).map { index in
        var options = ConvModule.Options()
        (options.stride, options.padding, options.order) = (2, 1, [.act, .norm, .conv])
        options.activation = index == 0 ? nil : .relu
        return ConvModule(channels, channels, kernel: 3, options)
      })
  }

  public var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? {
    Array(repeating: config.outChannels, count: 3 + extraDownsamples.count)
  }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.inChannels.count,
      "NASFCOSFPN: \(config.inChannels.count) feature maps, found \(features.count)")
    var maps = adaptConvs.indices.map { adaptConvs[$0](features[$0 + config.levels.lowerBound]) }
    for (cell, merge) in zip(Self.plan, fpn.modules) {
      maps.append(merge(maps[cell.first], maps[cell.second]))
    }
    var outputs = zip([9, 8, 7], [1, 2, 3]).map { map, input in
      let sum = maps[map] + maps[5].interpolate(size: maps[map].imageSize, mode: .bilinear)
      return sum.interpolate(size: features[input].imageSize, mode: .bilinear)
    }
    for downsample in extraDownsamples { outputs.append(downsample(outputs[outputs.count - 1])) }
    return outputs
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    for layer in adaptConvs.modules + extraDownsamples.modules {
      Init.caffe2Xavier(layer.conv.weight, using: &generator)
      layer.conv.bias?.value.fillInPlace(0)
    }
  }
}

/// Modules under names of their own. Mirrors `torch.nn.ModuleDict`.
public final class NamedModules<Element: Module>: Module {
  public let modules: [Element]
  private let names: [String]

  public init(_ modules: [(String, Element)]) { (names, self.modules) = (modules.map(\.0), modules.map(\.1)) }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] { zip(names, modules).map { ($0, $1) } }
}
