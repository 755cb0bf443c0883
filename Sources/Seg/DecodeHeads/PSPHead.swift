import Core

/// Pyramid pooling of one feature map.
///
/// Zhao et al., 2016 (<https://arxiv.org/abs/1612.01105>). Mirrors mmseg's `PSPHead`.
final class PSPHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var scales: [Int]

    init(from reader: inout ConfigReader) throws {
      scales = try reader.positives("pool_scales", default: [1, 2, 3, 6])
      base = try DecodeHeadConfig(from: &reader)
    }
  }

  let pspModules: PyramidPooling
  let bottleneck: ConvModule

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    pspModules = PyramidPooling(
      scales: config.scales, base.inChannels, base.channels, base.style, alignCorners: base.alignCorners)
    bottleneck = base.convModule(
      base.inChannels + config.scales.count * base.channels, base.channels, kernel: 3)
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    return bottleneck(.concatenate([x] + pspModules(x), axis: 1))
  }
}
