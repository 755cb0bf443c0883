import Core
import PyConfig

/// Convolutions of 3x1 and 1x3 pixels instead of 3x3, in an encoder and a decoder.
///
/// Romera et al., "ERFNet", 2017. Mirrors mmseg's `ERFNet`; like there, batch normalisation (eps 1e-3) and
/// rectifiers are used whatever `norm_cfg` and `act_cfg` say.
///
/// - Output: one map at stride 2.
final class ERFNet: Module, SizedBackbone, ConfiguredModule {
  struct Config: ConfigRecord {
    var inChannels: Int
    var encoderChannels: [Int]
    var encoderBlocks: [Int]
    var dilations: [Int]
    var decoderBlocks: [Int]
    var decoderChannels: [Int]
    var dropout: Float
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positive("in_channels", default: 3)
      encoderChannels = try reader.positives("enc_downsample_channels", default: [16, 64, 128])
      let steps = encoderChannels.count - 1
      guard steps > 0, zip([inChannels] + encoderChannels, encoderChannels).allSatisfy({ $0 < $1 }) else {
        throw reader.invalid(
          "must be two ascending numbers at least, found \(encoderChannels)", key: "enc_downsample_channels")
      }
      encoderBlocks = try reader.positives("enc_stage_non_bottlenecks", default: [5, 8], count: steps)
      dilations = try reader.positives("enc_non_bottleneck_dilations", default: [2, 4, 8, 16])
      guard encoderBlocks[steps - 1] % dilations.count == 0 else {
        throw reader.invalid(
          "the last must be a multiple of the number of dilations, \(dilations.count), found \(encoderBlocks)",
          key: "enc_stage_non_bottlenecks")
      }
      // Two more lists of channels, which only have to be as long.
      _ = try reader.positives("enc_non_bottleneck_channels", default: [64, 128], count: steps)
      _ = try reader.positives("dec_upsample_channels", default: [64, 16], count: steps)
      decoderBlocks = try reader.positives("dec_stages_non_bottleneck", default: [2, 2], count: steps)
      decoderChannels = try reader.positives("dec_non_bottleneck_channels", default: [64, 16], count: steps)
      dropout = try reader.value("dropout_ratio", default: 0.1)
      guard (0...1).contains(dropout) else {
        throw reader.invalid("must be in 0...1, found \(dropout)", key: "dropout_ratio")
      }
      initialization = try reader.initialization(default: [])
      _ = try ConvStyle(from: &reader)
    }
  }

  let encoder: Sequential
  let decoder: Sequential
  let initialization: [InitConfig]
  private let smallest: Int

  init(_ config: Config) {
    let channels = config.encoderChannels
    var (encoder, decoder): ([any UnaryModule], [any UnaryModule]) = (
      [Downsampler(config.inChannels, channels[0])], []
    )
    for index in 1..<channels.count {
      encoder.append(Downsampler(channels[index - 1], channels[index]))
      let isLast = index == channels.count - 1
      for block in 0..<config.encoderBlocks[index - 1] {
        let dilation = isLast ? config.dilations[block % config.dilations.count] : 1
        encoder.append(NonBottleneck(channels[index], dropout: config.dropout, dilation: dilation))
      }
    }
    var width = channels[channels.count - 1]
    for (index, next) in config.decoderChannels.enumerated() {
      decoder.append(Upsampler(width, next))
      for _ in 0..<config.decoderBlocks[index] { decoder.append(NonBottleneck(next)) }
      width = next
    }
    (self.encoder, self.decoder) = (Sequential(encoder), Sequential(decoder))
    initialization = config.initialization
    smallest = 1 << channels.count
  }

  func check(height: Int, width: Int) throws {
    guard height >= smallest, width >= smallest else {
      throw InvalidConfig(
        "ERFNet takes pictures of \(smallest)x\(smallest) at least, found \(height)x\(width)")
    }
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] { [decoder(encoder(x))] }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension ERFNet {
  private static var norm: NormConfig {
    var norm = NormConfig.batchNorm
    norm.eps = 1e-3
    return norm
  }

  /// A convolution with a stride next to pooling. Mirrors mmseg's `DownsamplerBlock`.
  final class Downsampler: Module, UnaryModule {
    let conv: Conv2d
    let bn: any NormLayer

    init(_ inChannels: Int, _ outChannels: Int) {
      conv = Conv2d(inChannels, outChannels - inChannels, kernel: 3, stride: 2, padding: 1)
      bn = ERFNet.norm.make(outChannels)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = conv(x)
      let pooled = x.maxPool2d(2, stride: 2).resized(like: y, alignCorners: false)
      return bn(.concatenate([y, pooled], axis: 1), residual: nil, activation: .relu)
    }
  }

  /// Two pairs of flat convolutions, the second dilated, and a shortcut. Mirrors mmseg's `NonBottleneck1d`.
  final class NonBottleneck: Module, UnaryModule {
    let convsLayers: Sequential

    init(_ channels: Int, dropout: Float = 0, dilation: Int = 1) {
      func pair(_ dilation: Int) -> [any UnaryModule] {
        [
          Conv2d(
            channels, channels, kernel: Pair(h: 3, w: 1), padding: Pair(h: dilation, w: 0),
            dilation: Pair(h: dilation, w: 1)), ReLU(),
          Conv2d(
            channels, channels, kernel: Pair(h: 1, w: 3), padding: Pair(h: 0, w: dilation),
            dilation: Pair(h: 1, w: dilation)), ERFNet.norm.make(channels),
        ]
      }
      convsLayers = Sequential(pair(1) + [ReLU()] + pair(dilation) + [Dropout(dropout)])
    }

    func callAsFunction(_ x: Tensor) -> Tensor { (convsLayers(x) + x).relu() }
  }

  /// A transposed convolution. Mirrors mmseg's `UpsamplerBlock`.
  final class Upsampler: Module, UnaryModule {
    let conv: ConvTranspose2d
    let bn: any NormLayer

    init(_ inChannels: Int, _ outChannels: Int) {
      conv = ConvTranspose2d(inChannels, outChannels, kernel: 3, stride: 2, padding: 1, outputPadding: 1)
      bn = ERFNet.norm.make(outChannels)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { bn(conv(x), residual: nil, activation: .relu) }
  }
}
