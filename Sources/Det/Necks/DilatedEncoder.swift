import Core

/// The encoder of YOLOF: one level, seen at several scales by dilated blocks one behind the other.
///
/// Chen et al., 2021, section 4.2 (<https://arxiv.org/abs/2103.09460>). Mirrors mmdet's `DilatedEncoder`.
///
/// - Input: feature maps, of which the last is used
/// - Output: one map `[N, outChannels, H, W]`
public final class DilatedEncoder: Module, Neck {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels, outChannels, middleChannels: Int
    public var dilations: [Int]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channels("in_channels")
      outChannels = try reader.channels("out_channels")
      middleChannels = try reader.channels("block_mid_channels")
      let blocks = try reader.integer("num_residual_blocks", in: 0...1024)
      dilations = try reader.value("block_dilations")
      guard dilations.count >= blocks, dilations.allSatisfy({ (1...1024).contains($0) }) else {
        throw reader.invalid(
          "must hold a positive number for each of \(blocks) blocks, found \(dilations)",
          key: "block_dilations")
      }
      dilations = Array(dilations.prefix(blocks))
    }
  }

  let lateralConv: Conv2d
  let lateralNorm: BatchNorm2d
  let fpnConv: Conv2d
  let fpnNorm: BatchNorm2d
  let dilatedEncoderBlocks: Sequential
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    lateralConv = Conv2d(config.inChannels, config.outChannels, kernel: 1)
    lateralNorm = BatchNorm2d(config.outChannels)
    fpnConv = Conv2d(config.outChannels, config.outChannels, kernel: 3, padding: 1)
    fpnNorm = BatchNorm2d(config.outChannels)
    dilatedEncoderBlocks = Sequential(
      config.dilations.map { DilatedBlock(config.outChannels, middle: config.middleChannels, dilation: $0) })
  }

  public var outputChannels: [Int]? { [config.outChannels] }

  public func check(_ shapes: [[Int]]) throws {
    guard shapes.last?[1] == config.inChannels else {
      throw InvalidConfig(
        "neck.in_channels must be those of the last map, \(shapes.last?[1] ?? 0), found \(config.inChannels)")
    }
  }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    let lateral = lateralConv(features[features.count - 1], norm: lateralNorm)
    return [dilatedEncoderBlocks(fpnConv(lateral, norm: fpnNorm))]
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    for conv in [lateralConv, fpnConv] {
      Init.caffe2Xavier(conv.weight, using: &generator)
      conv.bias?.value.fillInPlace(0)
    }
    InitConfig.normal(std: 0.01, layers: ["Conv2d"]).apply(to: dilatedEncoderBlocks, using: &generator)
  }
}

/// A 1x1, a dilated 3x3 and a 1x1 convolution, added to what comes in.
final class DilatedBlock: Module, UnaryModule {
  let conv1: ConvModule
  let conv2: ConvModule
  let conv3: ConvModule

  init(_ channels: Int, middle: Int, dilation: Int) {
    let style = ConvStyle(norm: .batchNorm, activation: .relu)
    conv1 = style.make(channels, middle, kernel: 1)
    conv2 = style.make(middle, middle, kernel: 3, padding: Pair(dilation), dilation: Pair(dilation))
    conv3 = style.make(middle, channels, kernel: 1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { conv3(conv2(conv1(x))) + x }
}
