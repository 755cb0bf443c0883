extension ResNet.Config {
  /// How many times wider a block's output is than its middle.
  public var blockExpansion: Int { expansion ?? (depth.usesBottleneck ? 4 : 1) }

  /// Checks what the layers take for granted.
  ///
  /// - Throws: `InvalidConfig` that says which numbers do not go together.
  public func check() throws {
    for (key, number) in [
      ("in_channels", inChannels), ("stem_channels", stemChannels), ("base_channels", baseChannels),
      ("groups", groups), ("width_per_group", widthPerGroup), ("expansion", blockExpansion),
    ] {
      guard (1...65536).contains(number) else { throw InvalidConfig("\(key) must be in 1...65536, found \(number)") }
    }
    guard (1...4).contains(strides.count), dilations.count == strides.count else {
      throw InvalidConfig(
        "num_stages must be 1 to 4 with one stride and one dilation each, found strides \(strides) and dilations \(dilations)")
    }
    guard strides.allSatisfy({ (1...1024).contains($0) }), dilations.allSatisfy({ (1...1024).contains($0) }) else {
      throw InvalidConfig("strides and dilations must be in 1...1024, found \(strides) and \(dilations)")
    }
    guard frozenStages <= strides.count else {
      throw InvalidConfig("frozen_stages must be at most the number of stages, \(strides.count), found \(frozenStages)")
    }
    guard depth.usesBottleneck || blockExpansion == 1 else {
      throw InvalidConfig("expansion must be 1 for depth \(depth.rawValue), found \(blockExpansion)")
    }
    guard stem != .deep || stemChannels > 1 else {
      throw InvalidConfig("stem_channels must be at least 2 with a deep stem, found \(stemChannels)")
    }
    guard (0...1).contains(dropPath) else {
      throw InvalidConfig("drop_path_rate must be in 0...1, found \(dropPath)")
    }
    try norm.check(channels: normalizedChannels)
  }

  /// Channels of all normalisation layers.
  private var normalizedChannels: [Int] {
    var channels = stem == .deep ? [stemChannels / 2, stemChannels] : [stemChannels]
    for stage in strides.indices {
      let middle = baseChannels << stage
      channels.append(groups == 1 ? middle : groups * widthPerGroup * middle / baseChannels)
      channels.append(middle * blockExpansion)
    }
    return channels
  }
}
