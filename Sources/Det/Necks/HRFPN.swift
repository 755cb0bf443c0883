import Core

/// The pyramid of HRNet: all resolutions are enlarged to the highest, joined, narrowed, and subsampled again.
///
/// Sun et al., 2019, fig. 4 (<https://arxiv.org/abs/1904.04514>). Mirrors mmdet's `HRFPN`.
///
/// - Input: `[N, inChannels[i], H / 2^i, W / 2^i]`
/// - Output: `outputs` maps `[N, outChannels, H / 2^i, W / 2^i]`, subsampled once more by `stride`
public final class HRFPN: Module, Neck, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: [Int]
    public var outChannels: Int
    public var outputs: Int
    /// Whether maps are subsampled by their largest element instead of by their mean.
    public var poolsMaximum: Bool
    public var conv: ConvConfig
    public var stride: Int
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channelList("in_channels")
      guard inChannels.count <= 16 else {
        throw reader.invalid("must hold at most 16 numbers, found \(inChannels.count)", key: "in_channels")
      }
      outChannels = try reader.channels("out_channels")
      outputs = try reader.integer("num_outs", default: 5, in: 1...16)
      // Whatever is not 'MAX' averages, as in the original.
      poolsMaximum = try reader.value("pooling_type", default: "AVG") == "MAX"
      conv = try reader.optional("conv_cfg") ?? .plain
      stride = try reader.integer("stride", default: 1, in: 1...64)
      initialization = try reader.initialization(default: [InitConfig(.caffe2Xavier, layers: ["Conv2d"])])
      // The original takes a norm but never builds it; recomputing activations never changes a result.
      reader.ignore("norm_cfg", "with_cp")
    }
  }

  let reductionConv: ConvModule
  let fpnConvs: ModuleList<ConvModule>
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    let style = ConvStyle(conv: config.conv)
    reductionConv = style.make(config.inChannels.reduce(0, +), config.outChannels, kernel: 1)
    fpnConvs = ModuleList(
      (0..<config.outputs).map { _ in
        style.make(config.outChannels, config.outChannels, kernel: 3, stride: Pair(config.stride), padding: 1)
      })
  }

  public var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? { Array(repeating: config.outChannels, count: config.outputs) }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.inChannels.count,
      "HRFPN: \(config.inChannels.count) feature maps, found \(features.count)")
    let enlarged = features.enumerated().map { level, x in
      level == 0 ? x : x.interpolate(scaleFactor: ScaleFactor(Double(1 << level)), mode: .bilinear)
    }
    let joined = reductionConv(Tensor.concatenate(enlarged, axis: 1))
    return fpnConvs.enumerated().map { level, conv in
      guard level > 0 else { return conv(joined) }
      let window = Pair(1 << level)
      return conv(
        config.poolsMaximum
          ? joined.maxPool2d(window, stride: window) : joined.avgPool2d(window, stride: window))
    }
  }

  public func check(_ shapes: [[Int]]) throws {
    try checkChannels(shapes)
    let size = Array(shapes[0][2...]), least = 1 << (config.outputs - 1)
    for (level, shape) in shapes.enumerated() where shape[2...].map({ $0 << level }) != size {
      throw InvalidConfig(
        "neck: each level must have half the height and width of the one before, found \(size) and, as level \(level), "
          + "\(Array(shape[2...])); pad images to a multiple of the largest stride")
    }
    guard size.allSatisfy({ $0 >= least }) else {
      throw InvalidConfig(
        "neck.num_outs: \(config.outputs) levels need maps of at least \(least) pixels, found \(size)")
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// The first convolution starts by the common rule of `ConvModule` whatever `init_cfg` says.
  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    reductionConv.initializeWeights(using: &generator)
  }
}
