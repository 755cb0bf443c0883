import Core

/// Five convolutions, 1x1 and 3x3 in turns, the latter twice as wide. Mirrors mmdet's `DetectionBlock`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H, W]`
public final class YOLODetectionBlock: Module, UnaryModule {
  let conv1, conv2, conv3, conv4, conv5: ConvModule

  public init(_ inChannels: Int, _ outChannels: Int, style: ConvStyle) {
    let wide = 2 * outChannels
    conv1 = style.make(inChannels, outChannels, kernel: 1)
    conv2 = style.make(outChannels, wide, kernel: 3, padding: 1)
    conv3 = style.make(wide, outChannels, kernel: 1)
    conv4 = style.make(outChannels, wide, kernel: 3, padding: 1)
    conv5 = style.make(wide, outChannels, kernel: 1)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { conv5(conv4(conv3(conv2(conv1(x))))) }
}

/// The neck of YOLOv3: from the smallest map to the largest, each joined with the one before, enlarged.
///
/// Redmon and Farhadi, 2018, section 2.3 (<https://arxiv.org/abs/1804.02767>). Mirrors mmdet's `YOLOV3Neck`, whose numbers of
/// channels are given for the smallest map first.
///
/// - Input: maps of the backbone, the largest first, each twice as large as the next
/// - Output: `[N, outChannels[i], H_i, W_i]`, the smallest first
public final class YOLOV3Neck: Module, Neck, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels, outChannels: [Int]
    public var style: ConvStyle
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let scales = try reader.integer("num_scales", in: 1...16)
      inChannels = try reader.channelList("in_channels")
      outChannels = try reader.channelList("out_channels")
      guard inChannels.count == scales, outChannels.count == scales else {
        throw reader.invalid(
          "in_channels and out_channels must hold num_scales (\(scales)) numbers, found \(inChannels) and \(outChannels)"
        )
      }
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .function(.leakyReLU(slope: 0.1)))
      initialization = try reader.initialization(default: [])
      let (style, channels) = (style, outChannels)
      try reader.checked { try style.check(channels: channels) }
    }
  }

  /// `detect1`, `detect2`, ...
  private let blocks: [YOLODetectionBlock]
  /// `conv1`, `conv2`, ...: what narrows a result before it is enlarged.
  private let narrowing: [ConvModule]
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    let (inChannels, outChannels) = (config.inChannels, config.outChannels)
    blocks = inChannels.indices.map { level in
      YOLODetectionBlock(
        inChannels[level] + (level == 0 ? 0 : outChannels[level]), outChannels[level], style: config.style)
    }
    narrowing = inChannels.indices.dropFirst().map {
      config.style.make(outChannels[$0 - 1], outChannels[$0], kernel: 1)
    }
  }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] {
    blocks.enumerated().flatMap { level, block -> [(key: String, module: Module)] in
      (level == 0 ? [] : [("conv\(level)", narrowing[level - 1])]) + [("detect\(level + 1)", block)]
    }
  }

  public var inputChannels: [Int]? { config.inChannels.reversed() }
  public var outputChannels: [Int]? { config.outChannels }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == blocks.count, "YOLOV3Neck: \(blocks.count) feature maps, found \(features.count)")
    var outputs: [Tensor] = []
    for (level, x) in features.reversed().enumerated() {
      guard level > 0 else {
        outputs.append(blocks[0](x))
        continue
      }
      let enlarged = narrowing[level - 1](outputs[level - 1]).interpolate(scaleFactor: 2)
      outputs.append(blocks[level](Tensor.concatenate([enlarged, x], axis: 1)))
    }
    return outputs
  }

  public func check(_ shapes: [[Int]]) throws {
    try checkChannels(shapes)
    try checkHalving(shapes)
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension Neck {
  /// - Throws: `InvalidConfig` unless each map is twice as high and wide as the next.
  func checkHalving(_ shapes: [[Int]]) throws {
    for (large, small) in zip(shapes, shapes.dropFirst())
    where large[2] != 2 * small[2] || large[3] != 2 * small[3] {
      throw InvalidConfig(
        "neck: each map must be twice as large as the next, found \(Array(large[2...])) and \(Array(small[2...])) pixels; "
          + "pad images to a multiple of the largest stride")
    }
  }
}
