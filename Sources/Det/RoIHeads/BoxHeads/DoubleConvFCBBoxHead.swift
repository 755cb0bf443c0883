import Core

/// Classifies by fully connected layers and moves boxes by convolutions, each over features of its own.
///
/// Wu et al., 2019, fig. 1 (<https://arxiv.org/abs/1904.06493>). Mirrors mmdet's `DoubleConvFCBBoxHead`.
public final class DoubleConvFCBBoxHead: BBoxHead {
  public struct Config: ConfigRecord, Sendable {
    public var head: BoxHeadConfig
    public var convs, layers: Int
    public var convChannels, layerWidth: Int
    public var style: ConvStyle

    public init(from reader: inout ConfigReader) throws {
      head = try BoxHeadConfig(from: &reader, averages: true)
      guard head.averages else { throw reader.invalid("must be True", key: "with_avg_pool") }
      guard head.classifies, head.regresses else { throw reader.invalid("with_cls and with_reg must be set") }
      convs = try reader.integer("num_convs", in: 1...100)
      layers = try reader.integer("num_fcs", in: 1...100)
      convChannels = try reader.integer("conv_out_channels", default: 1024, in: 4...(1 << 20))
      layerWidth = try reader.integer("fc_out_channels", default: 1024, in: 1...(1 << 20))
      guard convChannels % 4 == 0 else {
        throw reader.invalid("must be divisible by 4, found \(convChannels)", key: "conv_out_channels")
      }
      style = ConvStyle(
        conv: try reader.optional("conv_cfg") ?? .plain,
        norm: try reader.value("norm_cfg", default: .batchNorm),
        activation: .relu)
      let (style, channels) = (style, [convChannels, convChannels / 4])
      try reader.checked { try style.check(channels: channels) }
    }
  }

  let resBlock: WideningBlock
  let convBranch: ModuleList<Bottleneck>
  let fcBranch: ModuleList<Linear>

  public init(_ config: Config, _ context: BuildContext) throws {
    let head = config.head
    resBlock = WideningBlock(head.inChannels, config.convChannels)
    var options = ResidualBlockOptions()
    (options.conv, options.expansion) = (config.style.conv, 4)
    options.norm = config.style.norm ?? .batchNorm
    convBranch = ModuleList(
      (0..<config.convs).map { _ in
        Bottleneck(config.convChannels, config.convChannels, downsample: nil, options)
      })
    let flat = head.inChannels * head.featureSize.h * head.featureSize.w
    fcBranch = ModuleList(
      (0..<config.layers).map { Linear($0 == 0 ? flat : config.layerWidth, config.layerWidth) })
    try super.init(
      head, context, features: (config.layerWidth, config.convChannels),
      standardRules: [.override("fc_branch", .xavier(gain: 1, .uniform))])
  }

  /// - Parameter moving: the features by which boxes are moved.
  public func callAsFunction(_ x: Tensor, moving: Tensor) -> BoxOutputs {
    var convolved = resBlock(moving)
    for block in convBranch { convolved = block(convolved) }
    var flat = x.flattened(from: 1)
    for layer in fcBranch { flat = layer(flat).relu() }
    return BoxOutputs(scores: fcCls.map { $0(flat) }, codes: fcReg.map { $0(convolved.mean([2, 3])) })
  }

  public override func callAsFunction(_ x: Tensor) -> BoxOutputs { self(x, moving: x) }
}

/// A 3x3 and a 1x1 convolution, added to a 1x1 convolution of the input.
final class WideningBlock: Module, UnaryModule {
  let conv1: ConvModule
  let conv2: ConvModule
  let convIdentity: ConvModule

  init(_ inChannels: Int, _ outChannels: Int) {
    conv1 = ConvModule(inChannels, inChannels, kernel: 3, padding: 1, bias: false, norm: .batchNorm)
    conv2 = ConvModule(inChannels, outChannels, kernel: 1, bias: false, norm: .batchNorm, activation: nil)
    convIdentity = ConvModule(inChannels, outChannels, kernel: 1, norm: .batchNorm, activation: nil)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { (conv2(conv1(x)) + convIdentity(x)).relu() }
}
