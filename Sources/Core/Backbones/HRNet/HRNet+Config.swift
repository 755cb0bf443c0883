import PyConfig

extension HRNet.Config {
  /// Reads the keys that the suites share.
  ///
  /// - Parameters:
  ///   - evaluatesNorm: the suite's default of `norm_eval`.
  ///   - known: stages by their names in `arch`, where the suite has that key.
  /// - Throws: `BuildError`.
  public init(
    from reader: inout ConfigReader, evaluatesNorm: Bool,
    arch known: (name: String, [String: [HRNet.Stage]])? = nil
  ) throws {
    self.init()
    if let known {
      let name = try reader.value("arch", default: known.name)
      if let extra: Extra = try reader.optional("extra") {
        stages = extra.stages
      } else if let preset = known.1[name] {
        stages = preset
      } else {
        throw BuildError(
          .unknownName(name, role: "HRNet", known: known.1.keys.sorted()), path: reader.path("arch"),
          location: reader.location)
      }
    } else {
      stages = try reader.value("extra", as: Extra.self).stages
    }
    inChannels = try reader.value("in_channels", default: 3)
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = try reader.value("norm_cfg", default: .batchNorm)
    self.evaluatesNorm = try reader.value("norm_eval", default: evaluatesNorm)
    zeroInitResidual = try reader.value("zero_init_residual", default: false)
    multiscaleOutput = try reader.value("multiscale_output", default: true)
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }

  func check() throws {
    guard stages.count == 4 else { throw InvalidConfig("extra must have four stages, found \(stages.count)") }
    guard (1...65536).contains(inChannels) else {
      throw InvalidConfig("in_channels must be in 1...65536, found \(inChannels)")
    }
    guard (-1...4).contains(frozenStages) else {
      throw InvalidConfig("frozen_stages must be in -1...4, found \(frozenStages)")
    }
    var branches = 1
    for (index, stage) in stages.enumerated() {
      guard stage.channels.count >= branches, index > 0 || stage.channels.count == 1 else {
        throw InvalidConfig(
          "extra.stage\(index + 1): num_branches must be 1 for the first stage and not fall, found \(stage.channels.count)"
        )
      }
      branches = stage.channels.count
    }
    let channels = [64] + stages.flatMap { $0.channels + $0.outChannels }
    try norm.check(channels: channels)
    try conv.check(channels: [inChannels] + channels)
  }
}

/// `extra`: four stages by name.
private struct Extra: ConfigRecord {
  var stages: [HRNet.Stage]

  init(from reader: inout ConfigReader) throws {
    stages = []
    for index in 1...4 { stages.append(try reader.value("stage\(index)", as: HRNet.Stage.self)) }
  }
}

extension HRNet.Stage: ConfigRecord {
  private enum Block: String, Sendable, CaseIterable, ConfigDecodable {
    case basic = "BASIC"
    case bottleneck = "BOTTLENECK"
  }

  public init(from reader: inout ConfigReader) throws {
    modules = try reader.value("num_modules")
    usesBottleneck = try reader.value("block", as: Block.self) == .bottleneck
    let branches: Int = try reader.value("num_branches")
    blocks = try reader.value("num_blocks")
    channels = try reader.value("num_channels")
    guard (1...8).contains(branches), blocks.count == branches, channels.count == branches else {
      throw reader.invalid(
        "num_branches must be 1 to 8 with as many num_blocks and num_channels, found \(branches), \(blocks), \(channels)"
      )
    }
    guard (1...64).contains(modules), blocks.allSatisfy({ (1...64).contains($0) }),
      channels.allSatisfy({ (1...16384).contains($0) })
    else {
      throw reader.invalid(
        "num_modules, num_blocks and num_channels must be positive, found \(modules), \(blocks), \(channels)")
    }
  }
}
