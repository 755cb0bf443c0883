extension ResNet.Config {
  /// How many times wider a block's output is than its middle.
  public var blockExpansion: Int { expansion ?? (depth.usesBottleneck ? 4 : 1) }

  /// Options of the first block of a stage.
  func blockOptions(stage: Int) -> ResidualBlockOptions {
    var options = ResidualBlockOptions()
    (options.stride, options.dilation, options.style) = (strides[stage], dilations[stage], style)
    (options.conv, options.norm) = (conv, norm)
    (options.expansion, options.baseChannels) = (blockExpansion, baseChannels)
    (options.groups, options.widthPerGroup, options.widthRule) = (groups, widthPerGroup, widthRule)
    options.middle = middle
    (options.squeezeRatio, options.dropPath) = (squeezeRatio, dropPath)
    options.omitsIdlePooling = omitsIdlePooling
    if deformableStages.indices.contains(stage), deformableStages[stage] { options.deformable = deformable }
    if switchableStages.indices.contains(stage), switchableStages[stage] { options.deformable = switchable }
    options.feedbackChannels = stage > 0 ? feedbackChannels : nil
    options.plugins = plugins.filter { $0.isIn(stage: stage) }
    return options
  }

  /// Dilations of the blocks of a stage.
  func blockDilations(stage: Int) -> [Int] {
    let (blocks, dilation) = (depth.blocks[stage], dilations[stage])
    if let multiGrid, stage == strides.count - 1 { return Array(multiGrid.prefix(blocks)) }
    return (0..<blocks).map { contractsDilation && dilation > 1 && $0 == 0 ? dilation / 2 : dilation }
  }

  /// Checks what the layers take for granted.
  ///
  /// - Throws: `InvalidConfig` that says which numbers do not go together.
  public func check() throws {
    for (key, number) in [
      ("in_channels", inChannels), ("stem_channels", stemChannels), ("base_channels", baseChannels),
      ("groups", groups), ("width_per_group", widthPerGroup), ("expansion", blockExpansion),
    ] {
      guard (1...65536).contains(number) else {
        throw InvalidConfig("\(key) must be in 1...65536, found \(number)")
      }
    }
    guard (1...4).contains(strides.count), dilations.count == strides.count else {
      throw InvalidConfig(
        "num_stages must be 1 to 4 with one stride and one dilation each, found strides \(strides) and dilations \(dilations)"
      )
    }
    guard strides.allSatisfy({ (1...1024).contains($0) }), dilations.allSatisfy({ (1...1024).contains($0) })
    else {
      throw InvalidConfig("strides and dilations must be in 1...1024, found \(strides) and \(dilations)")
    }
    guard frozenStages <= strides.count else {
      throw InvalidConfig(
        "frozen_stages must be at most the number of stages, \(strides.count), found \(frozenStages)")
    }
    guard depth.usesBottleneck || blockExpansion == 1 else {
      throw InvalidConfig("expansion must be 1 for depth \(depth.rawValue), found \(blockExpansion)")
    }
    guard stem != .deep && stem != .deepInRow || stemChannels > 1 else {
      throw InvalidConfig("stem_channels must be at least 2 with a deep stem, found \(stemChannels)")
    }
    guard (0...1).contains(dropPath) else {
      throw InvalidConfig("drop_path_rate must be in 0...1, found \(dropPath)")
    }
    for stage in strides.indices {
      let middle = blockOptions(stage: stage).middleChannels(baseChannels << stage)
      guard middle > 0, middle % groups == 0 else {
        throw InvalidConfig(
          "groups must divide the channels of a block, found \(groups) groups for \(middle) channels of stage \(stage)"
        )
      }
    }
    try norm.check(channels: normalizedChannels)
    try conv.check(channels: [inChannels] + normalizedChannels)
    if let multiGrid {
      let blocks = depth.blocks[strides.count - 1]
      guard multiGrid.count >= blocks, multiGrid.allSatisfy({ (1...1024).contains($0) }) else {
        throw InvalidConfig(
          "multi_grid must hold a dilation for each of \(blocks) blocks, found \(multiGrid)")
      }
    }
    try checkMiddle()
    try checkDeformable()
    try checkPlugins()
  }

  private func checkMiddle() throws {
    switch middle {
    case .convolution: break
    case .hierarchy(let scales, let baseWidth, _):
      guard (2...256).contains(scales), (1...4096).contains(baseWidth) else {
        throw InvalidConfig(
          "scales must be in 2...256 and base_width in 1...4096, found \(scales) and \(baseWidth)")
      }
    case .splitAttention(let radix, let reduction, _):
      guard (1...64).contains(radix), (1...4096).contains(reduction) else {
        throw InvalidConfig(
          "radix must be in 1...64 and reduction_factor in 1...4096, found \(radix) and \(reduction)")
      }
      for stage in strides.indices {
        let width = blockOptions(stage: stage).middleChannels(baseChannels << stage)
        let inner = max(width * radix / reduction, 32)
        guard width % (groups * radix) == 0 else {
          throw InvalidConfig(
            "groups times radix must divide \(width) channels of stage \(stage), found \(groups * radix)")
        }
        guard inner % groups == 0 else {
          throw InvalidConfig("groups must divide the \(inner) channels of the attention, found \(groups)")
        }
        try norm.check(channels: [width * radix, inner])
      }
    }
  }

  private func checkDeformable() throws {
    guard switchable == nil || switchableStages.count == strides.count else {
      throw InvalidConfig("stage_with_sac must have \(strides.count) values, found \(switchableStages.count)")
    }
    if let feedbackChannels, !(1...65536).contains(feedbackChannels) {
      throw InvalidConfig("rfp_inplanes must be in 1...65536, found \(feedbackChannels)")
    }
    guard let deformable else { return }
    guard depth.usesBottleneck else {
      throw InvalidConfig("dcn is for bottlenecks, depth 50 and above, found depth \(depth.rawValue)")
    }
    guard deformableStages.count == strides.count else {
      throw InvalidConfig("stage_with_dcn must have \(strides.count) values, found \(deformableStages.count)")
    }
    guard conv == .plain else { throw InvalidConfig("conv_cfg must be None with dcn") }
    for stage in strides.indices where deformableStages[stage] {
      var width = blockOptions(stage: stage).middleChannels(baseChannels << stage)
      if case .hierarchy(let scales, _, _) = middle { width /= scales }
      try deformable.check(channels: [width])
    }
  }

  private func checkPlugins() throws {
    if plugins.isEmpty { return }
    guard depth.usesBottleneck else {
      throw InvalidConfig("plugins are for bottlenecks, depth 50 and above, found depth \(depth.rawValue)")
    }
    for stages in plugins.compactMap(\.stages) where stages.count != strides.count {
      throw InvalidConfig("plugins: stages must have \(strides.count) values, found \(stages.count)")
    }
    guard middle == .convolution || plugins.allSatisfy({ $0.position == .afterConv3 }) else {
      throw InvalidConfig("plugins: the position must be after_conv3 in these blocks")
    }
    for stage in strides.indices {
      let (options, planes) = (blockOptions(stage: stage), baseChannels << stage)
      try BlockPlugins.check(
        options.plugins, middle: options.middleChannels(planes), output: planes * blockExpansion)
    }
  }

  /// Channels of all normalisation layers.
  private var normalizedChannels: [Int] {
    var channels = stem == .deep || stem == .deepInRow ? [stemChannels / 2, stemChannels] : [stemChannels]
    for stage in strides.indices {
      let planes = baseChannels << stage
      let width = blockOptions(stage: stage).middleChannels(planes)
      channels += [width, planes * blockExpansion]
      if case .hierarchy(let scales, _, _) = middle { channels.append(width / scales) }
    }
    return channels
  }
}
