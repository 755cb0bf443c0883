/// A stage of a residual network: blocks of one width, the first of which may change size.
///
/// Mirrors `ResLayer` of the original suites.
public enum ResLayer {
  static func make(_ config: ResNet.Config, stage: Int, inChannels: Int, outChannels: Int) -> Sequential {
    var options = ResidualBlockOptions()
    options.stride = config.strides[stage]
    options.dilation = config.dilations[stage]
    options.style = config.style
    (options.conv, options.norm) = (config.conv, config.norm)
    options.expansion = config.blockExpansion
    (options.groups, options.widthPerGroup) = (config.groups, config.widthPerGroup)
    options.baseChannels = config.baseChannels
    options.squeezeRatio = config.squeezeRatio
    options.dropPath = config.dropPath
    return make(
      blocks: config.depth.blocks[stage], usesBottleneck: config.depth.usesBottleneck, inChannels: inChannels,
      outChannels: outChannels, averageDown: config.averageDown, options)
  }

  /// - Parameter options: of the first block; the others have stride 1.
  public static func make(
    blocks: Int, usesBottleneck: Bool, inChannels: Int, outChannels: Int, averageDown: Bool,
    _ options: ResidualBlockOptions
  ) -> Sequential {
    var downsample: [any UnaryModule] = []
    if options.stride != 1 || inChannels != outChannels {
      let pools = averageDown && options.stride != 1
      if pools {
        downsample.append(
          AvgPool2d(
            Pair(options.stride), stride: Pair(options.stride), ceilMode: true, countIncludePad: false))
      }
      downsample.append(
        options.conv.make(
          inChannels, outChannels, kernel: 1, stride: Pair(pools ? 1 : options.stride), bias: false))
      downsample.append(options.norm.make(outChannels))
    }
    var rest = options
    rest.stride = 1
    let layers = (0..<blocks).map { index -> any UnaryModule in
      let shortcut = index == 0 && !downsample.isEmpty ? Sequential(downsample) : nil
      let width = index == 0 ? inChannels : outChannels
      let own = index == 0 ? options : rest
      return usesBottleneck
        ? Bottleneck(width, outChannels, downsample: shortcut, own)
        : BasicBlock(width, outChannels, downsample: shortcut, own)
    }
    return Sequential(layers)
  }
}
