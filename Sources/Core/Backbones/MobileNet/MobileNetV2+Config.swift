import PyConfig

extension MobileNetV2.Config {
  /// Reads the keys that the suites share.
  ///
  /// - Parameter standard: the suite's default of `out_indices`.
  /// - Throws: `BuildError`.
  public init(from reader: inout ConfigReader, outIndices standard: [Int], hasLastConv: Bool = true) throws {
    self.init()
    self.hasLastConv = hasLastConv
    let stages = hasLastConv ? 8 : 7
    widenFactor = try reader.value("widen_factor", default: 1)
    guard widenFactor > 0, widenFactor <= 64 else {
      throw reader.invalid("must be positive and at most 64, found \(widenFactor)", key: "widen_factor")
    }
    outIndices = try reader.value("out_indices", default: standard)
    guard outIndices.allSatisfy({ (0..<stages).contains($0) }) else {
      throw reader.invalid("must be in 0..<\(stages), found \(outIndices)", key: "out_indices")
    }
    frozenStages = try reader.value("frozen_stages", default: -1)
    guard (-1..<stages).contains(frozenStages) else {
      throw reader.invalid("must be in -1..<\(stages), found \(frozenStages)", key: "frozen_stages")
    }
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = try reader.value("norm_cfg", default: .batchNorm)
    activation = try reader.value("act_cfg", default: .relu6)
    evaluatesNorm = try reader.value("norm_eval", default: false)
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }

  /// Reads mmseg's `strides` and `dilations`.
  public mutating func readDilations(from reader: inout ConfigReader) throws {
    strides = try reader.value("strides", default: strides)
    dilations = try reader.value("dilations", default: dilations)
    guard strides.count == 7, dilations.count == 7, strides.allSatisfy({ $0 == 1 || $0 == 2 }),
      dilations.allSatisfy({ (1...1024).contains($0) })
    else {
      throw reader.invalid(
        "strides and dilations must have 7 values each, strides 1 or 2, found \(strides) and \(dilations)")
    }
  }
}

extension MobileNetV2 {
  /// - Throws: `InvalidConfig` where the options do not go together.
  public convenience init(checking config: Config) throws {
    let channels = Self.channels(config)
    try config.norm.check(channels: channels)
    try config.conv.check(channels: [3] + channels)
    self.init(config)
  }
}
