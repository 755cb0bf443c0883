import Core

/// Enters what segmentation configs can name: so far the residual backbone with mmseg's defaults.
public func registerSegmentation(_ registries: inout Registries) {
  registries.backbones.register("ResNet", scope: "mmseg", SegResNetConfig.self) { config in
    try config.resNet.check()
    return ResNet(config.resNet)
  }
}

/// mmseg's `ResNet`: all stages are returned, and batch normalisation is trained.
struct SegResNetConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(readingStagesFrom: &reader, evaluatesNorm: false)
  }
}
