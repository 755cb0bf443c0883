/// A stage of a residual network: blocks of one width, the first of which may change size.
///
/// Mirrors `ResLayer` of the original suites.
public enum ResLayer {
  static func make(_ config: ResNet.Config, stage: Int, inChannels: Int, outChannels: Int) -> Sequential {
    make(
      blocks: config.depth.blocks[stage], usesBottleneck: config.depth.usesBottleneck, inChannels: inChannels,
      outChannels: outChannels, averageDown: config.averageDown,
      dilations: config.blockDilations(stage: stage),
      plainFirst: config.fallsBackOnStride && stage == config.deformableStages.firstIndex(of: true),
      config.blockOptions(stage: stage))
  }

  /// - Parameters:
  ///   - dilations: of each block; those of `options` unless given.
  ///   - plainFirst: whether the first block is not deformable, whatever `options` say.
  ///   - options: of the first block; the others have stride 1.
  public static func make(
    blocks: Int, usesBottleneck: Bool, inChannels: Int, outChannels: Int, averageDown: Bool,
    dilations: [Int]? = nil, plainFirst: Bool = false, _ options: ResidualBlockOptions
  ) -> Sequential {
    let shortcut = downsample(inChannels, outChannels, averageDown: averageDown, options)
    let layers = (0..<blocks).map { index -> any UnaryModule in
      let width = index == 0 ? inChannels : outChannels
      var own = options
      if index > 0 { (own.stride, own.isFirst, own.feedbackChannels) = (1, false, nil) }
      if index == 0, plainFirst { own.deformable = nil }
      if let dilations { own.dilation = dilations[index] }
      let downsample = index == 0 ? shortcut : nil
      guard usesBottleneck else { return BasicBlock(width, outChannels, downsample: downsample, own) }
      switch own.middle {
      case .convolution: return Bottleneck(width, outChannels, downsample: downsample, own)
      case .hierarchy(let scales, _, let poolsAlways):
        return Bottle2neck(
          width, outChannels, scales: scales, poolsAlways: poolsAlways, downsample: downsample, own)
      case .splitAttention(let radix, let reduction, let poolsStride):
        return SplitAttentionBottleneck(
          width, outChannels, radix: radix, reduction: reduction, poolsStride: poolsStride,
          downsample: downsample, own)
      }
    }
    return Sequential(layers)
  }

  /// The shortcut of a block that changes size, `nil` if it does not.
  public static func downsample(
    _ inChannels: Int, _ outChannels: Int, averageDown: Bool, _ options: ResidualBlockOptions
  ) -> Sequential? {
    guard options.stride != 1 || inChannels != outChannels else { return nil }
    var layers: [any UnaryModule] = []
    if averageDown, options.stride != 1 || !options.omitsIdlePooling {
      layers.append(
        options.stride == 1
          ? Identity()
          : AvgPool2d(
            Pair(options.stride), stride: Pair(options.stride), ceilMode: true, countIncludePad: false))
    }
    layers.append(
      options.conv.make(
        inChannels, outChannels, kernel: 1, stride: Pair(averageDown ? 1 : options.stride), bias: false))
    layers.append(options.norm.make(outChannels))
    return Sequential(layers)
  }
}
