import Core

/// Convolutions of one feature map with several dilations, and its mean.
///
/// Chen et al., "Rethinking Atrous Convolution", 2017 (<https://arxiv.org/abs/1706.05587>). Mirrors mmseg's
/// `ASPPHead`.
class ASPPHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var dilations: [Int]

    init(from reader: inout ConfigReader) throws {
      dilations = try reader.positives("dilations", default: [1, 6, 12, 18])
      base = try DecodeHeadConfig(from: &reader)
    }
  }

  let imagePool: Sequential
  let asppModules: Sequential
  let bottleneck: ConvModule

  /// - Parameter isSeparable: whether dilated convolutions are done in two steps.
  init(_ config: Config, _ context: BuildContext, isSeparable: Bool = false) throws {
    let base = config.base
    imagePool = Sequential([AdaptiveAvgPool2d(1), base.convModule(base.inChannels, base.channels, kernel: 1)])
    // A list of branches, not a chain.
    asppModules = Sequential(
      config.dilations.map { dilation in
        if dilation == 1 { return base.convModule(base.inChannels, base.channels, kernel: 1) }
        if isSeparable {
          return DepthwiseSeparableConvModule(
            base.inChannels, base.channels, kernel: 3, padding: Pair(dilation), dilation: Pair(dilation),
            style: base.separableStyle)
        }
        return base.convModule(base.inChannels, base.channels, kernel: 3, dilation: dilation)
      })
    bottleneck = base.convModule((config.dilations.count + 1) * base.channels, base.channels, kernel: 3)
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor { pyramid(try input(features)) }

  /// `[N, channels, H, W]`
  final func pyramid(_ x: Tensor) -> Tensor {
    let mean = imagePool(x).resized(like: x, alignCorners: alignCorners)
    return bottleneck(.concatenate([mean] + asppModules.layers.map { $0(x) }, axis: 1))
  }
}

extension DecodeHeadConfig {
  /// Of convolutions in two steps, which take no `conv_cfg`.
  var separableStyle: ConvStyle { ConvStyle(norm: style.norm, activation: style.activation) }
}
