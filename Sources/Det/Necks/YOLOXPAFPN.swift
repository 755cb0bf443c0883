import Core

/// The path aggregation network of YOLOX, with cross stage partial layers where maps are joined.
///
/// Ge et al., 2021 (<https://arxiv.org/abs/2107.08430>). Mirrors mmdet's `YOLOXPAFPN`.
///
/// - Input: `[N, inChannels[i], H / 2^i, W / 2^i]`
/// - Output: `[N, outChannels, H / 2^i, W / 2^i]`
public final class YOLOXPAFPN: Module, Neck, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: [Int]
    public var outChannels: Int
    /// Blocks of each cross stage partial layer.
    public var blocks: Int
    public var isSeparable: Bool
    public var upsample: UpsampleConfig
    public var style: ConvStyle
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channelList("in_channels")
      outChannels = try reader.channels("out_channels")
      blocks = try reader.integer("num_csp_blocks", default: 3, in: 0...1024)
      isSeparable = try reader.value("use_depthwise", default: false)
      upsample = try reader.value("upsample_cfg", default: UpsampleConfig(.nearest, factor: 2))
      guard upsample.factor != nil else {
        throw reader.invalid("must have a scale_factor", key: "upsample_cfg")
      }
      style = try ConvStyle(from: &reader, norm: .yolox, activation: .function(.silu))
      initialization = try reader.initialization(default: [.kaimingUniformLeaky])
      let (style, channels) = (style, [outChannels] + inChannels.flatMap { [$0, $0 / 2] })
      guard inChannels.allSatisfy({ $0 >= 2 }) else {
        throw reader.invalid("must be at least 2, found \(inChannels)", key: "in_channels")
      }
      try reader.checked { try style.check(channels: channels) }
    }
  }

  let reduceLayers: ModuleList<ConvModule>
  let topDownBlocks: ModuleList<CSPLayer>
  let downsamples: ModuleList<Module>
  let bottomUpBlocks: ModuleList<CSPLayer>
  let outConvs: ModuleList<ConvModule>
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    let (channels, style) = (config.inChannels, config.style)
    let steps = channels.indices.dropLast()
    func block(_ inChannels: Int, _ outChannels: Int) -> CSPLayer {
      CSPLayer(
        inChannels, outChannels, blocks: config.blocks, addsIdentity: false, isSeparable: config.isSeparable,
        style: style)
    }
    reduceLayers = ModuleList(steps.reversed().map { style.make(channels[$0 + 1], channels[$0], kernel: 1) })
    topDownBlocks = ModuleList(steps.reversed().map { block(2 * channels[$0], channels[$0]) })
    downsamples = ModuleList(
      steps.map {
        style.make(
          channels[$0], channels[$0], kernel: 3, stride: 2, padding: 1, isSeparable: config.isSeparable)
      })
    bottomUpBlocks = ModuleList(steps.map { block(2 * channels[$0], channels[$0 + 1]) })
    outConvs = ModuleList(channels.map { style.make($0, config.outChannels, kernel: 1) })
  }

  public var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? { Array(repeating: config.outChannels, count: config.inChannels.count) }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.inChannels.count,
      "YOLOXPAFPN: \(config.inChannels.count) feature maps, found \(features.count)")
    // Top-down; the smallest map comes first until all are there.
    var inner = [features[features.count - 1]]
    for (step, x) in features.dropLast().reversed().enumerated() {
      inner[step] = reduceLayers[step](inner[step])
      let enlarged = config.upsample(inner[step], to: x.imageSize)
      inner.append(topDownBlocks[step](Tensor.concatenate([enlarged, x], axis: 1)))
    }
    inner.reverse()
    var outputs = [inner[0]]
    for (step, block) in bottomUpBlocks.enumerated() {
      guard let downsample = downsamples[step] as? any UnaryModule else { continue }
      outputs.append(block(Tensor.concatenate([downsample(outputs[step]), inner[step + 1]], axis: 1)))
    }
    return zip(outConvs, outputs).map { $0($1) }
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

extension NormConfig {
  /// The batch normalisation of YOLOX.
  public static var yolox: NormConfig {
    var norm = NormConfig(.batchNorm)
    (norm.momentum, norm.eps) = (0.03, 0.001)
    return norm
  }
}

extension InitConfig {
  /// PyTorch's own rule for convolutions.
  public static let kaimingUniformLeaky = InitConfig(
    .kaiming(a: 5.0.squareRoot(), .fanIn, .leakyReLU, .uniform), layers: ["Conv2d"])
}
