import Core
import PyConfig

/// `FCOSHead` with the convolutions that a search found.
///
/// Wang et al., 2019 (<https://arxiv.org/abs/1906.04423>). Mirrors mmdet's `NASFCOSHead`.
struct NASFCOSConfig: ConfigRecord, Sendable {
  var fcos: FCOSHead.Config

  init(from reader: inout ConfigReader) throws {
    let small = InitConfig.Rule.normal(mean: 0, std: 0.01)
    let standard = [
      InitConfig(.caffe2Xavier, layers: ["ConvModule", "Conv2d"]),
      InitConfig(
        small,
        overrides: [
          ("conv_reg", InitConfig(small)), ("conv_centerness", InitConfig(small)),
          ("conv_cls", InitConfig(small, bias: Init.bias(forProbability: 0.01))),
        ]),
    ]
    let given = reader.has("init_cfg")
    fcos = try FCOSHead.Config(from: &reader)
    if !given { fcos.base.initialization = standard }
  }

  /// Deformable, plain, deformable, then over single pixels.
  func makeStack() throws -> ModuleList<ConvModule> {
    let base = fcos.base
    var deformable = ConvConfig(.modulatedDeformable)
    deformable.deformGroups = 2
    try deformable.check(channels: [base.inChannels, base.featChannels])
    func module(_ index: Int, _ conv: ConvConfig, kernel: Int, bias: Bool) -> ConvModule {
      ConvModule(
        index == 0 ? base.inChannels : base.featChannels, base.featChannels, kernel: Pair(kernel),
        padding: Pair(kernel / 2), bias: bias, conv: conv, norm: base.stack.norm)
    }
    return ModuleList([
      module(0, deformable, kernel: 3, bias: true), module(1, .plain, kernel: 3, bias: false),
      module(2, deformable, kernel: 3, bias: true), module(3, .plain, kernel: 1, bias: false),
    ])
  }
}
