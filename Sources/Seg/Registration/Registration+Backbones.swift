import Core

func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("BiSeNetV1", scope: scope, BiSeNetV1.Config.self) { try BiSeNetV1($0, $1) }
  backbones.register("BiSeNetV2", scope: scope, BiSeNetV2.Config.self) { BiSeNetV2($0) }
  backbones.register("CGNet", scope: scope, CGNet.Config.self) { CGNet($0) }
  backbones.register("ERFNet", scope: scope, ERFNet.Config.self) { ERFNet($0) }
  backbones.register("FastSCNN", scope: scope, FastSCNN.Config.self) { FastSCNN($0) }
  backbones.register("ICNet", scope: scope, ICNet.Config.self) { try ICNet($0, $1) }
  backbones.register("ResNet", scope: scope, SegResNetConfig.self) { config in
    try config.resNet.check()
    return ResNet(config.resNet)
  }
  backbones.register("STDCContextPathNet", scope: scope, STDCContextPathNet.Config.self) {
    try STDCContextPathNet($0, $1)
  }
  backbones.register("STDCNet", scope: scope, STDCNet.Config.self) { STDCNet($0) }
  backbones.register("UNet", scope: scope, UNet.Config.self) { UNet($0) }
}
