import Core

/// mmseg's `ResNet`: all stages are returned, and batch normalisation is trained.
struct SegResNetConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(readingStagesFrom: &reader, evaluatesNorm: false)
  }
}
