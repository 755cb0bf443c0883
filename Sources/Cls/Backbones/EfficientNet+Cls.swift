import Core

/// mmcls's `EfficientNet`.
struct ClsEfficientNetConfig: ConfigRecord {
  var config: EfficientNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try EfficientNet.Config(from: &reader)
    config.initialization = try reader.initialization(default: config.initialization)
  }
}
