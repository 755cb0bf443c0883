import Core

/// mmdet's `EfficientNet`: layers that nobody asks for are not there.
struct DetEfficientNetConfig: ConfigRecord {
  var config: EfficientNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try EfficientNet.Config(from: &reader)
    config.omitsUnused = true
    config.initialization = try reader.initialization(default: config.initialization)
  }
}
