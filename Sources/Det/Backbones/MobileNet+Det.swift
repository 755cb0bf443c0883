import Core

/// mmdet's `MobileNetV2`: four stages are returned.
struct DetMobileNetV2Config: ConfigRecord {
  var config: MobileNetV2.Config

  init(from reader: inout ConfigReader) throws {
    config = try MobileNetV2.Config(from: &reader, outIndices: [1, 2, 4, 7])
    config.namesParts = true
    if let rules = try reader.weightRules() { config.initialization = rules }
  }
}
