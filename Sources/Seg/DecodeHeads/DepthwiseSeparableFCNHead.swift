import Core

/// An `FCNHead` whose convolutions are done in two steps, depthwise and 1x1.
///
/// The head of Fast-SCNN, Poudel et al., 2019 (<https://arxiv.org/abs/1902.04502>). Mirrors mmseg's
/// `DepthwiseSeparableFCNHead`; like there, its convolutions heed neither `act_cfg` nor `conv_cfg`.
enum DepthwiseSeparableFCNHead {
  struct Config: ConfigRecord {
    var head: FCNHead.Config
    /// Behind the depthwise step.
    var activation: ActivationConfig?

    init(from reader: inout ConfigReader) throws {
      activation = try reader.value("dw_act_cfg", default: nil as ActivationConfig?)
      head = try FCNHead.Config(from: &reader)
      let base = head.base
      try reader.check(base.style.norm, channels: [base.inChannels, base.inChannels + base.channels])
    }
  }

  static func make(_ config: Config, _ context: BuildContext) throws -> FCNHead {
    let (kernel, norm) = (config.head.kernel, config.head.base.style.norm)
    return try FCNHead(config.head, context) { inChannels, outChannels in
      DepthwiseSeparableConvModule(
        inChannels, outChannels, kernel: Pair(kernel), padding: Pair(kernel / 2),
        style: ConvStyle(norm: norm, activation: .relu),
        depthwise: ConvStyle(norm: norm, activation: config.activation))
    }
  }
}
