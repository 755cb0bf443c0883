import PyConfig

extension RegNet.Config {
  /// Reads the keys that mmcls and mmdet share.
  ///
  /// - Parameters:
  ///   - outIndices: the suite's default of `out_indices`.
  ///   - evaluatesNorm: the suite's default of `norm_eval`.
  /// - Throws: `BuildError`.
  public init(
    readingStagesFrom reader: inout ConfigReader, outIndices standard: [Int], evaluatesNorm: Bool
  ) throws {
    self.init()
    stages = try reader.value("arch", as: RegNetDesign.self).stages
    inChannels = try reader.value("in_channels", default: 3)
    stemChannels = try reader.value("stem_channels", default: 32)
    guard (1...65536).contains(inChannels), (1...65536).contains(stemChannels) else {
      throw reader.invalid(
        "in_channels and stem_channels must be positive, found \(inChannels), \(stemChannels)")
    }
    strides = try reader.value("strides", default: [2, 2, 2, 2])
    dilations = try reader.value("dilations", default: [1, 1, 1, 1])
    guard strides.count == stages.count, dilations.count == stages.count,
      (strides + dilations).allSatisfy({ (1...1024).contains($0) })
    else {
      throw reader.invalid(
        "must have a positive stride and dilation for each of \(stages.count) stages, found \(strides), \(dilations)",
        key: "strides")
    }
    outIndices = try reader.value("out_indices", default: standard)
    guard !outIndices.isEmpty, outIndices.allSatisfy(stages.indices.contains) else {
      throw reader.invalid("must be in 0..<\(stages.count), found \(outIndices)", key: "out_indices")
    }
    style = try reader.value("style", default: .pytorch)
    averageDown = try reader.value("avg_down", default: false)
    frozenStages = try reader.value("frozen_stages", default: -1)
    guard frozenStages <= stages.count else {
      throw reader.invalid(
        "must be at most the number of stages, \(stages.count), found \(frozenStages)", key: "frozen_stages")
    }
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = try reader.value("norm_cfg", default: .batchNorm)
    self.evaluatesNorm = try reader.value("norm_eval", default: evaluatesNorm)
    zeroInitResidual = try reader.value("zero_init_residual", default: true)
    // Recomputing saves memory; the width behind the stem is `stem_channels`, whatever `base_channels` says.
    reader.ignore("with_cp", "base_channels")
  }

  /// Options of the first block of a stage.
  func blockOptions(stage index: Int) -> ResidualBlockOptions {
    var options = ResidualBlockOptions()
    let stage = stages[index]
    (options.stride, options.dilation) = (strides[index], dilations[index])
    (options.style, options.conv, options.norm) = (style, conv, norm)
    (options.groups, options.widthPerGroup, options.baseChannels) = (
      stage.groups, stage.groupWidth, stage.width
    )
    (options.widthRule, options.omitsIdlePooling) = (widthRule, omitsIdlePooling)
    if deformableStages.indices.contains(index), deformableStages[index] { options.deformable = deformable }
    options.plugins = plugins.filter { $0.isIn(stage: index) }
    return options
  }

  /// Checks what the layers take for granted.
  ///
  /// - Throws: `InvalidConfig`.
  public func check() throws {
    guard deformable == nil || deformableStages.count == stages.count, deformable == nil || conv == .plain
    else {
      throw InvalidConfig(
        "stage_with_dcn must have \(stages.count) values and conv_cfg be None with dcn, found \(deformableStages)"
      )
    }
    for listed in plugins.compactMap(\.stages) where listed.count != stages.count {
      throw InvalidConfig("plugins: stages must have \(stages.count) values, found \(listed.count)")
    }
    var channels = [stemChannels]
    for (index, stage) in stages.enumerated() {
      let options = blockOptions(stage: index)
      let middle = options.middleChannels(stage.width)
      guard middle > 0, middle % stage.groups == 0 else {
        throw InvalidConfig("arch: \(stage.groups) groups must divide \(middle) channels of stage \(index)")
      }
      try options.deformable?.check(channels: [middle])
      try BlockPlugins.check(options.plugins, middle: middle, output: stage.width)
      channels += [middle, stage.width]
    }
    try norm.check(channels: channels)
    try conv.check(channels: [inChannels] + channels)
  }
}
