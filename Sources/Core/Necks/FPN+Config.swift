import PyConfig

extension FPN {
  /// From which map the first level on top of the backbone's is made.
  public enum ExtraConvs: String, Sendable, CaseIterable, ConfigDecodable {
    case onInput = "on_input"
    case onLateral = "on_lateral"
    case onOutput = "on_output"
  }

  /// How a suite reads a config.
  public enum Dialect: Sendable {
    /// mmdet: `end_level` is the last level used; `add_extra_convs=True` means `on_input`.
    case detection
    /// mmseg: `end_level` is the level behind the last one; `add_extra_convs=True` means `on_output`, unless
    /// `extra_convs_on_inputs` is set.
    case segmentation
  }

  public struct Config: Sendable {
    public var inChannels: [Int]
    public var outChannels: Int
    /// How many maps it returns.
    public var outputs: Int
    /// Levels of the backbone that are used.
    public var levels: Range<Int>
    /// `nil`: levels on top are subsampled instead of convolved.
    public var extraConvs: ExtraConvs?
    public var activatesBeforeExtraConvs = false
    public var normalizesLaterals = true
    public var conv = ConvConfig.plain
    public var norm: NormConfig?
    public var activation: ActivationConfig?
    public var upsample = UpsampleConfig()
    public var initialization: [InitConfig] = [.xavierUniform]

    public init(_ inChannels: [Int], outChannels: Int, outputs: Int) {
      (self.inChannels, self.outChannels, self.outputs) = (inChannels, outChannels, outputs)
      levels = inChannels.indices
    }

    /// Levels on top of those of the backbone.
    public var extraLevels: Int { outputs - levels.count }
  }
}

extension FPN.Config {
  /// - Throws: `BuildError`.
  public init(from reader: inout ConfigReader, _ dialect: FPN.Dialect, readsUpsample: Bool = true) throws {
    inChannels = try reader.channelList("in_channels")
    outChannels = try reader.channels("out_channels")
    (outputs, levels) = try reader.pyramidLevels(of: inChannels.count, dialect)
    extraConvs = try reader.extraConvs(dialect)
    activatesBeforeExtraConvs = try reader.value("relu_before_extra_convs", default: false)
    normalizesLaterals = !(try reader.value("no_norm_on_lateral", default: false))
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = try reader.optional("norm_cfg")
    activation = try reader.optional("act_cfg")
    if readsUpsample { upsample = try reader.value("upsample_cfg", default: UpsampleConfig()) }
    initialization = try reader.initialization(default: [.xavierUniform])
    let channels = [outChannels]
    try reader.checked { try norm?.check(channels: channels) }
  }
}

extension ConfigReader {
  /// `num_outs`, `start_level` and `end_level`: how many maps a pyramid returns, and from which levels it is built.
  public mutating func pyramidLevels(of count: Int, _ dialect: FPN.Dialect = .detection) throws -> (
    Int, Range<Int>
  ) {
    let outputs = try integer("num_outs", in: 1...64)
    let start = try integer("start_level", default: 0, in: 0...(count - 1))
    let last = dialect == .detection ? count - 1 : count
    let end = try value("end_level", default: -1)
    let reachesTop = end == -1 || (dialect == .detection && end == last)
    let stop = reachesTop ? count : dialect == .detection ? end + 1 : end
    guard start < stop, stop <= count else {
      throw invalid("must be -1 or in \(stop > count ? 0 : start)...\(last), found \(end)", key: "end_level")
    }
    if reachesTop ? outputs < stop - start : outputs != stop - start {
      throw invalid(
        "must be \(reachesTop ? "at least " : "")the number of levels used, \(stop - start), found \(outputs)",
        key: "num_outs")
    }
    return (outputs, start..<stop)
  }

  /// `add_extra_convs`: a source, or whether there are convolutions.
  fileprivate mutating func extraConvs(_ dialect: FPN.Dialect) throws -> FPN.ExtraConvs? {
    let onInputs = dialect == .segmentation ? try value("extra_convs_on_inputs", default: false) : true
    guard let node = node("add_extra_convs") else { return nil }
    if node.string != nil { return try FPN.ExtraConvs(from: node, at: path("add_extra_convs")) }
    guard try Bool(from: node, at: path("add_extra_convs")) else { return nil }
    return onInputs ? .onInput : .onOutput
  }

  /// Runs a check, so that its error names this dictionary.
  public func checked(_ check: () throws -> Void) throws {
    do { try check() } catch let error as InvalidConfig { throw invalid(error.text) }
  }
}

extension InitConfig {
  /// Glorot's rule with a uniform distribution, for convolutions.
  public static let xavierUniform = InitConfig(.xavier(gain: 1, .uniform), layers: ["Conv2d"])
}

/// mmdet's `FPN`.
public struct DetFPNConfig: ConfigRecord, Sendable {
  public var fpn: FPN.Config

  public init(from reader: inout ConfigReader) throws { fpn = try FPN.Config(from: &reader, .detection) }
}

/// mmseg's `FPN`.
public struct SegFPNConfig: ConfigRecord, Sendable {
  public var fpn: FPN.Config

  public init(from reader: inout ConfigReader) throws { fpn = try FPN.Config(from: &reader, .segmentation) }
}
