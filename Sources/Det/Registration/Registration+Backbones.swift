import Core

func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("ResNet", scope: scope, DetResNetConfig.self) { config in
    try config.resNet.check()
    return ResNet(config.resNet)
  }
  backbones.register("PyramidVisionTransformer", scope: scope, DetPVTConfig.self) {
    PyramidVisionTransformer($0.config)
  }
  backbones.register("PyramidVisionTransformerV2", scope: scope, DetPVTV2Config.self) {
    PyramidVisionTransformer($0.config)
  }
  backbones.register("SwinTransformer", scope: scope, DetSwinConfig.self) { SwinTransformer($0.config) }
}
