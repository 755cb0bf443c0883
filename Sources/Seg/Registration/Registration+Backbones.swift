import Core

func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("ResNet", scope: scope, SegResNetConfig.self) { config in
    try config.resNet.check()
    return ResNet(config.resNet)
  }
  backbones.register("MixVisionTransformer", scope: scope, SegMixVisionConfig.self) {
    PyramidVisionTransformer($0.config)
  }
  backbones.register("SwinTransformer", scope: scope, SegSwinConfig.self) { SwinTransformer($0.config) }
}
