import Core

/// Dilated convolutions of a deep feature map, refined with a shallow one.
///
/// Chen et al., "Encoder-Decoder with Atrous Separable Convolution", 2018 (<https://arxiv.org/abs/1802.02611>).
/// Mirrors mmseg's `DepthwiseSeparableASPPHead`.
final class DepthwiseSeparableASPPHead: ASPPHead {
  struct SeparableConfig: ConfigRecord {
    var pyramid: ASPPHead.Config
    /// Of the shallow feature map, which is the first of all; 0 for none.
    var shallowChannels: Int
    var reducedChannels: Int

    init(from reader: inout ConfigReader) throws {
      shallowChannels = try reader.value("c1_in_channels")
      reducedChannels = try reader.value("c1_channels")
      guard (0...1 << 20).contains(shallowChannels) else {
        throw reader.invalid("must not be negative, found \(shallowChannels)", key: "c1_in_channels")
      }
      guard ((shallowChannels > 0 ? 1 : 0)...1 << 20).contains(reducedChannels) else {
        throw reader.invalid("must be positive, found \(reducedChannels)", key: "c1_channels")
      }
      pyramid = try ASPPHead.Config(from: &reader)
      let base = pyramid.base
      let widths =
        [base.inChannels, base.channels + reducedChannels] + (reducedChannels > 0 ? [reducedChannels] : [])
      try reader.check(base.style.norm, channels: widths)
    }
  }

  let c1Bottleneck: ConvModule?
  let sepBottleneck: Sequential

  init(_ config: SeparableConfig, _ context: BuildContext) throws {
    let base = config.pyramid.base
    c1Bottleneck =
      config.shallowChannels > 0
      ? base.convModule(config.shallowChannels, config.reducedChannels, kernel: 1) : nil
    func separable(_ inChannels: Int) -> DepthwiseSeparableConvModule {
      DepthwiseSeparableConvModule(
        inChannels, base.channels, kernel: 3, padding: 1, style: base.separableStyle)
    }
    sepBottleneck = Sequential([separable(base.channels + config.reducedChannels), separable(base.channels)])
    try super.init(config.pyramid, context, isSeparable: true)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    var x = pyramid(try input(features))
    if let c1Bottleneck {
      guard let first = features.first, first.shape[1] == c1Bottleneck.conv.inChannels else {
        throw InvalidConfig(
          "c1_in_channels must be that of the first feature map, \(features.first?.shape[1] ?? 0), "
            + "found \(c1Bottleneck.conv.inChannels)")
      }
      let shallow = c1Bottleneck(first)
      x = .concatenate([x.resized(like: shallow, alignCorners: alignCorners), shallow], axis: 1)
    }
    return sepBottleneck(x)
  }
}
