import Core

func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  registerOwnBackbones(&backbones)
  backbones.register("HRNet", scope: scope, SegHRNetConfig.self) { try HRNet($0.config) }
  backbones.register("MobileNetV2", scope: scope, SegMobileNetV2Config.self) {
    try MobileNetV2(checking: $0.config)
  }
  backbones.register("MobileNetV3", scope: scope, SegMobileNetV3Config.self) { try MobileNetV3($0.config) }
  backbones.register("ResNeSt", scope: scope, SegResNeStConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNeXt", scope: scope, SegResNeXtConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNet", scope: scope, SegResNetConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNetV1c", scope: scope, SegResNetV1cConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNetV1d", scope: scope, SegResNetV1dConfig.self) { try ResNet(checking: $0.resNet) }
  registerTransformers(&backbones)
}

/// Those that no other suite has.
private func registerOwnBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("BiSeNetV1", scope: scope, BiSeNetV1.Config.self) { try BiSeNetV1($0, $1) }
  backbones.register("BiSeNetV2", scope: scope, BiSeNetV2.Config.self) { BiSeNetV2($0) }
  backbones.register("CGNet", scope: scope, CGNet.Config.self) { CGNet($0) }
  backbones.register("ERFNet", scope: scope, ERFNet.Config.self) { ERFNet($0) }
  backbones.register("FastSCNN", scope: scope, FastSCNN.Config.self) { FastSCNN($0) }
  backbones.register("ICNet", scope: scope, ICNet.Config.self) { try ICNet($0, $1) }
  backbones.register("STDCContextPathNet", scope: scope, STDCContextPathNet.Config.self) {
    try STDCContextPathNet($0, $1)
  }
  backbones.register("STDCNet", scope: scope, STDCNet.Config.self) { STDCNet($0) }
  backbones.register("UNet", scope: scope, UNet.Config.self) { UNet($0) }
}
