import Core

/// Attention between pixels next to attention between channels.
///
/// Fu et al., "Dual Attention Network", 2018 (<https://arxiv.org/abs/1809.02983>). Mirrors mmseg's `DAHead`: in
/// training both parts are classified by themselves, too.
final class DAHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var attentionChannels: Int

    init(from reader: inout ConfigReader) throws {
      attentionChannels = try reader.positive("pam_channels")
      base = try DecodeHeadConfig(from: &reader)
    }
  }

  /// Between pixels.
  final class PositionAttention: SelfAttentionBlock, UnaryModule {
    let gamma: Scale

    init(_ inChannels: Int, _ channels: Int) {
      gamma = Scale(0)
      var options = Options(
        keyChannels: inChannels, queryChannels: inChannels, channels: channels, outChannels: inChannels)
      (options.normalizesKeyAndQuery, options.scales, options.projectsOut) = (false, false, false)
      super.init(options)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { gamma(attend(x, x)) + x }
  }

  /// Between channels.
  final class ChannelAttention: Module, UnaryModule {
    let gamma: Scale

    override init() { gamma = Scale(0) }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let rows = x.pixelRows
      let energy = rows.transposed().matmul(rows)
      // The less two channels have in common, the more they say to each other.
      let weights = (energy.maximum(along: 2, keepingAxis: true).values - energy).softmax(2)
      let y = rows.matmul(weights.transposed()).asImage(height: x.shape[2], width: x.shape[3])
      return gamma(y) + x
    }
  }

  let pamInConv: ConvModule
  let pam: PositionAttention
  let pamOutConv: ConvModule
  let pamConvSeg: Conv2d
  let camInConv: ConvModule
  let cam: ChannelAttention
  let camOutConv: ConvModule
  let camConvSeg: Conv2d

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    pamInConv = base.convModule(base.inChannels, base.channels, kernel: 3)
    pam = PositionAttention(base.channels, config.attentionChannels)
    pamOutConv = base.convModule(base.channels, base.channels, kernel: 3)
    pamConvSeg = Conv2d(base.channels, base.classes, kernel: 1)
    camInConv = base.convModule(base.inChannels, base.channels, kernel: 3)
    cam = ChannelAttention()
    camOutConv = base.convModule(base.channels, base.channels, kernel: 3)
    camConvSeg = Conv2d(base.channels, base.classes, kernel: 1)
    try super.init(base, context)
  }

  private func parts(_ features: [Tensor]) throws -> (position: Tensor, channel: Tensor) {
    let x = try input(features)
    return (pamOutConv(pam(pamInConv(x))), camOutConv(cam(camInConv(x))))
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let (position, channel) = try parts(features)
    return position + channel
  }

  override func losses(
    _ features: [Tensor], previous: Tensor?, labels: Tensor, _ settings: TrainSettings
  ) throws -> LossTerms {
    let (position, channel) = try parts(features)
    func dropped(_ x: Tensor) -> Tensor { dropout.map { $0(x) } ?? x }
    let scores = [
      ("pam_cam.", classify(position + channel)), ("pam.", pamConvSeg(dropped(position))),
      ("cam.", camConvSeg(dropped(channel))),
    ]
    var terms = LossTerms()
    for (prefix, scores) in scores { terms.merge(try losses(of: scores, labels: labels), prefix: prefix) }
    return terms
  }
}
