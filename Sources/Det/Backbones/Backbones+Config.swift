import Core

/// mmdet's `ResNet`: all stages are returned, and batch normalisation stays at its running statistics.
struct DetResNetConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(readingStagesFrom: &reader, evaluatesNorm: true)
  }
}
