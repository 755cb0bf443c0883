import Core

/// Each feature map by a 1x1 convolution, all brought to the size of the first.
///
/// Xie et al., "SegFormer", 2021 (<https://arxiv.org/abs/2105.15203>). Mirrors mmseg's `SegformerHead`.
final class SegformerHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var mode: InterpolationMode

    init(from reader: inout ConfigReader) throws {
      mode = try reader.value("interpolate_mode", default: .bilinear)
      base = try DecodeHeadConfig(from: &reader, transform: .multipleSelect)
    }
  }

  let convs: ModuleList<ConvModule>
  let fusionConv: ConvModule
  private let mode: InterpolationMode

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    convs = ModuleList(base.inputChannels.map { base.separableStyle.make($0, base.channels, kernel: 1) })
    fusionConv = ConvStyle(norm: base.style.norm, activation: .relu)
      .make(base.channels * base.inputChannels.count, base.channels, kernel: 1)
    mode = config.mode
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let inputs = try selected(features)
    let size = Pair(h: inputs[0].shape[2], w: inputs[0].shape[3])
    let maps = zip(convs, inputs).map { conv, x in
      let y = conv(x)
      return y.shape[2...] == inputs[0].shape[2...]
        ? y : y.interpolate(size: size, mode: mode, alignCorners: alignCorners)
    }
    return fusionConv(.concatenate(maps, axis: 1))
  }
}
