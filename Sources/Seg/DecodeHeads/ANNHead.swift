import Core

/// Attention between two feature maps, then within their result, to means over a few grids instead of all pixels.
///
/// Zhu et al., "Asymmetric Non-local Neural Networks", 2019 (<https://arxiv.org/abs/1908.07678>). Mirrors mmseg's
/// `ANNHead`.
final class ANNHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var projectChannels: Int
    /// One attention for each.
    var queryScales: [Int]
    var keyPoolScales: [Int]

    init(from reader: inout ConfigReader) throws {
      projectChannels = try reader.positive("project_channels")
      queryScales = try reader.positives("query_scales", default: [1])
      // The original fails with larger ones: the result has fewer pixels than it is put next to.
      guard queryScales.allSatisfy({ $0 == 1 }) else {
        throw reader.invalid("must all be 1, found \(queryScales)", key: "query_scales")
      }
      keyPoolScales = try reader.positives("key_pool_scales", default: [1, 3, 6, 8])
      base = try DecodeHeadConfig(from: &reader, transform: .multipleSelect)
      guard base.inputChannels.count == 2 else {
        throw reader.invalid("must be two numbers, found \(base.inputChannels)", key: "in_channels")
      }
      try reader.check(base.style.norm, channels: [projectChannels, base.inputChannels[1]])
    }
  }

  /// Attentions of one map to another, summed, and next to them the map itself.
  final class FusionBlock: Module {
    let stages: ModuleList<SelfAttentionBlock>
    let bottleneck: ConvModule

    init(_ config: Config, low: Int, high: Int, out: Int, isShared: Bool) {
      stages = ModuleList(
        config.queryScales.map { _ in
          var options = SelfAttentionBlock.Options(
            keyChannels: low, queryChannels: high, channels: config.projectChannels, outChannels: out)
          (options.sharesKeyAndQuery, options.keyPoolScales) = (isShared, config.keyPoolScales)
          options.style = config.base.style
          return SelfAttentionBlock(options)
        })
      // Where maps are fused the last activation is missing.
      var style = config.base.style
      if !isShared { style.activation = nil }
      bottleneck = style.make(out + high, out, kernel: 1)
    }

    func callAsFunction(_ low: Tensor, _ high: Tensor) -> Tensor {
      var context = stages[0].attend(high, low)
      for stage in stages.dropFirst() { context = context + stage.attend(high, low) }
      return bottleneck(.concatenate([context, high], axis: 1))
    }
  }

  let fusion: FusionBlock
  let bottleneck: ConvModule
  let context: FusionBlock

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    let (low, high) = (base.inputChannels[0], base.inputChannels[1])
    fusion = FusionBlock(config, low: low, high: high, out: high, isShared: false)
    bottleneck = base.convModule(high, base.channels, kernel: 3)
    self.context = FusionBlock(
      config, low: base.channels, high: base.channels, out: base.channels, isShared: true)
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let inputs = try selected(features)
    let fused = fusion(inputs[0], inputs[1])
    let x = bottleneck(dropout.map { $0(fused) } ?? fused)
    return context(x, x)
  }
}
