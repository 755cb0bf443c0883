/// Enlarges feature maps by kernels that are worked out from their content.
///
/// Wang et al., 2019, fig. 2 (<https://arxiv.org/abs/1905.02188>). Mirrors mmcv's `CARAFEPack`.
///
/// - Input: `[N, channels, H, W]`
/// - Output: `[N, channels, factor · H, factor · W]`
public final class CARAFEPack: Module, UnaryModule {
  public struct Options: Sendable, Equatable {
    /// Side of the kernels that mix features.
    public var kernel = 5
    /// How many kernels share the channels.
    public var groups = 1
    /// Side and dilation of the convolution that works the kernels out.
    public var encoderKernel = 3
    public var encoderDilation = 1
    /// Channels from which the kernels are worked out.
    public var compressedChannels = 64

    public init() {}
  }

  let channelCompressor: Conv2d
  let contentEncoder: Conv2d
  private let options: Options
  private let factor: Int

  public init(_ channels: Int, factor: Int, _ options: Options = Options()) {
    (self.options, self.factor) = (options, factor)
    channelCompressor = Conv2d(channels, options.compressedChannels, kernel: 1)
    contentEncoder = Conv2d(
      options.compressedChannels, options.kernel * options.kernel * options.groups * factor * factor,
      kernel: Pair(options.encoderKernel),
      padding: Pair((options.encoderKernel - 1) * options.encoderDilation / 2),
      dilation: Pair(options.encoderDilation))
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let weights = contentEncoder(channelCompressor(x)).pixelShuffle(factor)
    let (n, h, w) = (weights.shape[0], weights.shape[2], weights.shape[3])
    // The weights of a kernel are the channels of its pixel; they add up to 1.
    let kernels = weights.permuted([0, 2, 3, 1]).reshaped([
      n, h, w, options.groups, options.kernel * options.kernel,
    ])
    .softmax(-1).reshaped([n, h, w, weights.shape[1]]).permuted([0, 3, 1, 2])
    return x.reassembled(kernels, size: options.kernel, groups: options.groups, factor: factor)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.xavier(channelCompressor.weight, distribution: .uniform, using: &generator)
    Init.normal(contentEncoder.weight, standardDeviation: 0.001, using: &generator)
    channelCompressor.bias?.value.fillInPlace(0)
    contentEncoder.bias?.value.fillInPlace(0)
  }
}

extension CARAFEPack.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    kernel = try reader.integer("up_kernel", default: 5, in: 1...31)
    guard kernel % 2 == 1 else { throw reader.invalid("must be odd, found \(kernel)", key: "up_kernel") }
    groups = try reader.integer("up_group", default: 1, in: 1...1024)
    encoderKernel = try reader.integer("encoder_kernel", default: 3, in: 1...31)
    guard encoderKernel % 2 == 1 else {
      throw reader.invalid("must be odd, found \(encoderKernel)", key: "encoder_kernel")
    }
    encoderDilation = try reader.integer("encoder_dilation", default: 1, in: 1...64)
    compressedChannels = try reader.channels("compressed_channels", default: 64)
  }
}
