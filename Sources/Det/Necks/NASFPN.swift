import Core

/// The searched feature pyramid of Ghiasi et al., 2019, fig. 6 (<https://arxiv.org/abs/1904.07392>). Mirrors mmdet's
/// `NASFPN`.
///
/// - Input: `[N, inChannels[i], H_i, W_i]`
/// - Output: five maps `[N, outChannels, H_i, W_i]`, P3 to P7
public final class NASFPN: Module, Neck, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: [Int]
    public var outChannels: Int
    public var levels: Range<Int>
    public var stackTimes: Int
    public var norm: NormConfig?
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channelList("in_channels")
      outChannels = try reader.channels("out_channels")
      let outputs: Int
      (outputs, levels) = try reader.pyramidLevels(of: inChannels.count)
      guard outputs == 5 else { throw reader.invalid("must be 5, found \(outputs)", key: "num_outs") }
      stackTimes = try reader.integer("stack_times", in: 0...64)
      norm = try reader.optional("norm_cfg")
      initialization = try reader.initialization(default: [InitConfig(.caffe2Xavier, layers: ["Conv2d"])])
      // Levels on top are always convolved and halved.
      reader.ignore("add_extra_convs")
      let (norm, channels) = (norm, outChannels)
      try reader.checked { try norm?.check(channels: [channels]) }
    }
  }

  let lateralConvs: ModuleList<ConvModule>
  let extraDownsamples: ModuleList<Sequential>
  let fpnStages: ModuleList<NASFPNStage>
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    let (channels, style) = (config.outChannels, ConvStyle(norm: config.norm))
    lateralConvs = ModuleList(config.inChannels[config.levels].map { style.make($0, channels, kernel: 1) })
    extraDownsamples = ModuleList(
      (0..<5 - config.levels.count).map { _ in
        Sequential([style.make(channels, channels, kernel: 1), MaxPool2d(2, stride: 2)])
      })
    fpnStages = ModuleList((0..<config.stackTimes).map { _ in NASFPNStage(channels, norm: config.norm) })
  }

  public var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? { Array(repeating: config.outChannels, count: 5) }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.inChannels.count,
      "NASFPN: \(config.inChannels.count) feature maps, found \(features.count)")
    var maps = lateralConvs.indices.map { lateralConvs[$0](features[$0 + config.levels.lowerBound]) }
    for downsample in extraDownsamples { maps.append(downsample(maps[maps.count - 1])) }
    for stage in fpnStages { maps = stage(maps) }
    return maps
  }

  public func check(_ shapes: [[Int]]) throws {
    try checkChannels(shapes)
    let size = shapes[config.levels.upperBound - 1][2...], least = 1 << (5 - config.levels.count)
    guard size.allSatisfy({ $0 >= least }) else {
      throw InvalidConfig(
        "neck: the smallest map must have \(least)x\(least) pixels to be halved, found \(Array(size))")
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// One run through the seven cells.
final class NASFPNStage: Module {
  @Named var gp64to4: MergeCell
  @Named var sum44to4: MergeCell
  @Named var sum43to3: MergeCell
  @Named var sum34to4: MergeCell
  @Named var gp43to5: MergeCell
  @Named var sum55to5: MergeCell
  @Named var gp54to7: MergeCell
  @Named var sum77to7: MergeCell
  @Named var gp75to6: MergeCell

  init(_ channels: Int, norm: NormConfig?) {
    func cell(_ kind: MergeCell.Kind) -> MergeCell {
      var options = ConvModule.Options()
      (options.padding, options.bias, options.norm, options.order) = (1, true, norm, [.act, .conv, .norm])
      return MergeCell(kind, outConv: ConvModule(channels, channels, kernel: 3, options))
    }
    _gp64to4 = Named("gp_64_4", cell(.globalPooling))
    _sum44to4 = Named("sum_44_4", cell(.sum))
    _sum43to3 = Named("sum_43_3", cell(.sum))
    _sum34to4 = Named("sum_34_4", cell(.sum))
    _gp43to5 = Named("gp_43_5", MergeCell(.globalPooling, outConv: nil))
    _sum55to5 = Named("sum_55_5", cell(.sum))
    _gp54to7 = Named("gp_54_7", MergeCell(.globalPooling, outConv: nil))
    _sum77to7 = Named("sum_77_7", cell(.sum))
    _gp75to6 = Named("gp_75_6", cell(.globalPooling))
  }

  /// - Parameter maps: P3 to P7.
  func callAsFunction(_ maps: [Tensor]) -> [Tensor] {
    let sizes = maps.map(\.imageSize)
    let p4a = gp64to4(maps[3], maps[1], size: sizes[1])
    let p4b = sum44to4(p4a, maps[1], size: sizes[1])
    let p3 = sum43to3(p4b, maps[0], size: sizes[0])
    let p4 = sum34to4(p3, p4b, size: sizes[1])
    let p5 = sum55to5(maps[2], gp43to5(p4, p3, size: sizes[2]), size: sizes[2])
    let p7 = sum77to7(maps[4], gp54to7(p5, p4b, size: sizes[4]), size: sizes[4])
    let p6 = gp75to6(p7, p5, size: sizes[3])
    return [p3, p4, p5, p6, p7]
  }
}
