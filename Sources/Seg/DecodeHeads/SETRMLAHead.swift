import Core

/// Several feature maps of a vision transformer, each convolved twice and enlarged.
///
/// The multi-level head of SETR, Zheng et al., 2020 (<https://arxiv.org/abs/2012.15840>). Mirrors mmseg's
/// `SETRMLAHead`.
final class SETRMLAHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    /// Of each map; together they are `channels`.
    var branchChannels: Int
    var factor: ScaleFactor

    init(from reader: inout ConfigReader) throws {
      branchChannels = try reader.positive("mla_channels", default: 128)
      factor = try reader.enlargement("up_scale", default: 4)
      base = try DecodeHeadConfig(from: &reader, transform: .multipleSelect)
      guard base.channels == base.inputChannels.count * branchChannels else {
        throw reader.invalid(
          "must be mla_channels for each of \(base.inputChannels.count) inputs, found \(base.channels)",
          key: "channels")
      }
      try reader.check(base.style.norm, channels: [branchChannels])
    }
  }

  let upConvs: ModuleList<Sequential>

  init(_ config: Config, _ context: BuildContext) throws {
    let (base, channels) = (config.base, config.branchChannels)
    upConvs = ModuleList(
      base.inputChannels.map {
        Sequential([
          base.separableStyle.make($0, channels, kernel: 3, padding: 1),
          base.separableStyle.make(channels, channels, kernel: 3, padding: 1),
          Enlarge(config.factor, alignCorners: base.alignCorners),
        ])
      })
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    .concatenate(zip(upConvs, try selected(features)).map { $0($1) }, axis: 1)
  }
}
