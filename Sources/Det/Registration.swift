import Core

/// Enters what detection configs can name: so far the residual backbone with mmdet's defaults.
public func registerDetection(_ registries: inout Registries) {
  registries.backbones.register("ResNet", scope: "mmdet", DetResNetConfig.self) { config in
    try config.resNet.check()
    return ResNet(config.resNet)
  }
}

/// mmdet's `ResNet`: all stages are returned, and batch normalisation stays at its running statistics.
struct DetResNetConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(readingStagesFrom: &reader, evaluatesNorm: true)
  }
}
