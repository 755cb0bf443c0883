import Core

func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("HRNet", scope: scope, SegHRNetConfig.self) { try HRNet($0.config) }
  backbones.register("MobileNetV2", scope: scope, SegMobileNetV2Config.self) { try MobileNetV2(checking: $0.config) }
  backbones.register("MobileNetV3", scope: scope, SegMobileNetV3Config.self) { try MobileNetV3($0.config) }
  backbones.register("ResNeSt", scope: scope, SegResNeStConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNeXt", scope: scope, SegResNeXtConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNet", scope: scope, SegResNetConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNetV1c", scope: scope, SegResNetV1cConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNetV1d", scope: scope, SegResNetV1dConfig.self) { try ResNet(checking: $0.resNet) }
}
