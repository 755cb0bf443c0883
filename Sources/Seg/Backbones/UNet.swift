import Core

/// An encoder that makes a picture smaller and a decoder that makes it larger again, joined at each size.
///
/// Ronneberger et al., 2015 (<https://arxiv.org/abs/1505.04597>). Mirrors mmseg's `UNet`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: from the smallest map of the decoder to the largest.
final class UNet: Module, SizedBackbone, ConfiguredModule {
  let encoder: ModuleList<Sequential>
  let decoder: ModuleList<UpConvBlock>
  let initialization: [InitConfig]
  private let evaluatesNorm: Bool
  /// By how much heights and widths must be divisible.
  private let rate: Int

  init(_ config: Config) {
    var (encoder, decoder): ([Sequential], [UpConvBlock]) = ([], [])
    var inChannels = config.inChannels
    for stage in config.strides.indices {
      let channels = config.baseChannels << stage
      var layers: [any UnaryModule] = []
      if stage > 0 {
        let pools = config.downsamples[stage - 1]
        if config.strides[stage] == 1 && pools { layers.append(MaxPool2d(2)) }
        decoder.append(
          UpConvBlock(
            channels, channels / 2, convolutions: config.decoderConvolutions[stage - 1],
            dilation: config.decoderDilations[stage - 1], config.style,
            upsampler: config.strides[stage] != 1 || pools ? config.upsampler : nil))
      }
      layers.append(
        BasicConvBlock(
          inChannels, channels, convolutions: config.encoderConvolutions[stage],
          stride: config.strides[stage],
          dilation: config.encoderDilations[stage], config.style))
      encoder.append(Sequential(layers))
      inChannels = channels
    }
    (self.encoder, self.decoder) = (ModuleList(encoder), ModuleList(decoder))
    (initialization, evaluatesNorm) = (config.initialization, config.evaluatesNorm)
    rate = config.rate
  }

  func check(height: Int, width: Int) throws {
    guard height % rate == 0, width % rate == 0 else {
      throw InvalidConfig(
        "UNet takes pictures whose sides can be divided by \(rate), found \(height)x\(width)")
    }
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    var skips: [Tensor] = []
    var x = x
    for stage in encoder {
      x = stage(x)
      skips.append(x)
    }
    var outputs = [x]
    for (stage, skip) in zip(decoder, skips).reversed() {
      x = stage(skip, x)
      outputs.append(x)
    }
    return outputs
  }

  override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    if isTraining && evaluatesNorm { evaluateBatchNorms() }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// Convolutions, the first of which may have a stride; the others may be dilated.
final class BasicConvBlock: Module, UnaryModule {
  let convs: Sequential

  init(
    _ inChannels: Int, _ outChannels: Int, convolutions: Int, stride: Int = 1, dilation: Int = 1,
    _ style: ConvStyle
  ) {
    convs = Sequential(
      (0..<convolutions).map { index in
        let dilation = Pair(index == 0 ? 1 : dilation)
        return style.make(
          index == 0 ? inChannels : outChannels, outChannels, kernel: 3,
          stride: Pair(index == 0 ? stride : 1),
          padding: dilation, dilation: dilation)
      })
  }

  func callAsFunction(_ x: Tensor) -> Tensor { convs(x) }
}

/// Enlarges a map and convolves it together with the encoder's of that size.
final class UpConvBlock: Module {
  let convBlock: BasicConvBlock
  let upsample: any UnaryModule

  /// - Parameters:
  ///   - channels: of the encoder's map, and of the result.
  ///   - upsampler: `nil` where sizes are the same.
  init(
    _ inChannels: Int, _ channels: Int, convolutions: Int, dilation: Int, _ style: ConvStyle,
    upsampler: UNet.Upsampler?
  ) {
    convBlock = BasicConvBlock(2 * channels, channels, convolutions: convolutions, dilation: dilation, style)
    upsample = upsampler?.make(inChannels, channels, style) ?? style.make(inChannels, channels, kernel: 1)
  }

  func callAsFunction(_ skip: Tensor, _ x: Tensor) -> Tensor {
    convBlock(.concatenate([skip, upsample(x)], axis: 1))
  }
}

/// A transposed convolution with norm and activation. Mirrors mmseg's `DeconvModule`, misspelt key included.
final class DeconvModule: Module, UnaryModule {
  @Named var layers: Sequential

  init(_ inChannels: Int, _ outChannels: Int, kernel: Int, factor: Int, _ style: ConvStyle) {
    var layers: [any UnaryModule] = [
      ConvTranspose2d(
        inChannels, outChannels, kernel: Pair(kernel), stride: Pair(factor),
        padding: Pair((kernel - factor) / 2))
    ]
    if let norm = style.norm { layers.append(norm.make(outChannels)) }
    if let activation = style.activation { layers.append(activation.make()) }
    _layers = Named("deconv_upsamping", Sequential(layers))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { layers(x) }
}

/// An enlargement and a convolution, in either order. Mirrors mmseg's `InterpConv`.
final class InterpConv: Module, UnaryModule {
  let interpUpsample: Sequential

  init(_ layers: [any UnaryModule]) { interpUpsample = Sequential(layers) }

  func callAsFunction(_ x: Tensor) -> Tensor { interpUpsample(x) }
}
