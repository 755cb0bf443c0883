import Core

/// A feature pyramid with a second, bottom-up path behind the top-down one.
///
/// Liu et al., 2018, section 3.1 (<https://arxiv.org/abs/1803.01534>). Mirrors mmdet's `PAFPN`.
///
/// - Input and output: as of `FPN`
public final class PAFPN: FPN {
  let downsampleConvs: ModuleList<ConvModule>
  let pafpnConvs: ModuleList<ConvModule>

  public override init(_ config: Config) {
    let steps = 0..<config.levels.count - 1
    downsampleConvs = ModuleList(steps.map { _ in config.convolution(config.outChannels, stride: 2) })
    pafpnConvs = ModuleList(steps.map { _ in config.convolution(config.outChannels, stride: 1) })
    super.init(config)
  }

  public override func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    let laterals = laterals(features)
    var inner = laterals.indices.map { fpnConvs[$0](laterals[$0]) }
    for level in downsampleConvs.indices {
      inner[level + 1] = inner[level + 1] + downsampleConvs[level](inner[level])
    }
    let outputs = [inner[0]] + pafpnConvs.indices.map { pafpnConvs[$0](inner[$0 + 1]) }
    return addingLevels(to: outputs, features: features, laterals: laterals)
  }
}

/// mmdet's `PAFPN`: levels are always enlarged to the nearest pixel.
struct PAFPNConfig: ConfigRecord, Sendable {
  var fpn: FPN.Config

  init(from reader: inout ConfigReader) throws {
    fpn = try FPN.Config(from: &reader, .detection, readsUpsample: false)
  }
}
