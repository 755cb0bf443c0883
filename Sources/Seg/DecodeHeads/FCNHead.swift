import Core

/// Convolutions on one feature map.
///
/// Long et al., 2014 (<https://arxiv.org/abs/1411.4038>). Mirrors mmseg's `FCNHead`.
class FCNHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var convolutions: Int
    var kernel: Int
    var concatenatesInput: Bool
    var dilation: Int

    init(from reader: inout ConfigReader) throws {
      try self.init(from: &reader, convolutions: nil)
    }

    /// - Parameter convolutions: of heads that have a fixed number of them.
    init(from reader: inout ConfigReader, convolutions fixed: Int?) throws {
      if let fixed { convolutions = fixed } else { convolutions = try reader.value("num_convs", default: 2) }
      guard (0...64).contains(convolutions) else {
        throw reader.invalid("must be in 0...64, found \(convolutions)", key: "num_convs")
      }
      kernel = try reader.positive("kernel_size", default: 3)
      concatenatesInput = try reader.value("concat_input", default: true)
      dilation = try reader.positive("dilation", default: 1)
      base = try DecodeHeadConfig(from: &reader)
      guard kernel % 2 == 1 || !concatenatesInput else {
        throw reader.invalid(
          "must be odd with concat_input, which puts maps of one size together, found \(kernel)",
          key: "kernel_size")
      }
      guard convolutions > 0 || base.inChannels == base.channels else {
        throw reader.invalid(
          "without convolutions, channels must be in_channels, \(base.inChannels), found \(base.channels)",
          key: "num_convs")
      }
    }
  }

  let convs: Sequential
  let convCat: (any UnaryModule)?

  /// - Parameter separable: makes a convolution in two steps for these channels, where a plain one is not meant.
  init(
    _ config: Config, _ context: BuildContext,
    separable: ((_ inChannels: Int, _ outChannels: Int) -> DepthwiseSeparableConvModule)? = nil
  ) throws {
    let base = config.base
    convs = Sequential(
      (0..<config.convolutions).map { index in
        let channels = index == 0 ? base.inChannels : base.channels
        return separable?(channels, base.channels)
          ?? base.convModule(channels, base.channels, kernel: config.kernel, dilation: config.dilation)
      })
    let joined = base.inChannels + base.channels
    convCat =
      config.concatenatesInput
      ? separable?(joined, base.channels) ?? base.convModule(joined, base.channels, kernel: config.kernel)
      : nil
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    return joined(x, convs(x))
  }

  /// `y`, with the input `x` convolved into it where the config says so.
  final func joined(_ x: Tensor, _ y: Tensor) -> Tensor {
    convCat.map { $0(.concatenate([x, y], axis: 1)) } ?? y
  }
}
