import Core

func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("ResNet", scope: scope, SegResNetConfig.self) { config in
    try config.resNet.check()
    return ResNet(config.resNet)
  }
  registerTransformers(&backbones)
}
