import Core

func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("CSPDarknet", scope: scope, CSPDarknet.Config.self) { CSPDarknet($0) }
  backbones.register("Darknet", scope: scope, Darknet.Config.self) { Darknet($0) }
  backbones.register("DetectoRS_ResNeXt", scope: scope, DetectoRSResNeXtConfig.self) {
    try ResNet(checking: $0.resNet)
  }
  backbones.register("DetectoRS_ResNet", scope: scope, DetectoRSResNetConfig.self) {
    try ResNet(checking: $0.resNet)
  }
  backbones.register("EfficientNet", scope: scope, DetEfficientNetConfig.self) { try EfficientNet($0.config) }
  backbones.register("HRNet", scope: scope, DetHRNetConfig.self) { try HRNet($0.config) }
  backbones.register("HourglassNet", scope: scope, HourglassNet.Config.self) { HourglassNet($0) }
  backbones.register("MobileNetV2", scope: scope, DetMobileNetV2Config.self) {
    try MobileNetV2(checking: $0.config)
  }
  backbones.register("RegNet", scope: scope, DetRegNetConfig.self) { try RegNet(checking: $0.config) }
  backbones.register("Res2Net", scope: scope, DetRes2NetConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNeSt", scope: scope, DetResNeStConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNeXt", scope: scope, DetResNeXtConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNet", scope: scope, DetResNetConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("ResNetV1d", scope: scope, DetResNetV1dConfig.self) { try ResNet(checking: $0.resNet) }
  backbones.register("SSDVGG", scope: scope, SSDVGG.Config.self) { SSDVGG($0) }
  backbones.register("PyramidVisionTransformer", scope: scope, DetPVTConfig.self) {
    PyramidVisionTransformer($0.config)
  }
  backbones.register("PyramidVisionTransformerV2", scope: scope, DetPVTV2Config.self) {
    PyramidVisionTransformer($0.config)
  }
  backbones.register("SwinTransformer", scope: scope, DetSwinConfig.self) { SwinTransformer($0.config) }
}
