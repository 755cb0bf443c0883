import Core

/// mmseg's `MobileNetV2`: strides and dilations are options, and there is no last 1x1 convolution.
struct SegMobileNetV2Config: ConfigRecord {
  var config: MobileNetV2.Config

  init(from reader: inout ConfigReader) throws {
    config = try MobileNetV2.Config(from: &reader, outIndices: [1, 2, 4, 6], hasLastConv: false)
    try config.readDilations(from: &reader)
    if let rules = try reader.weightRules() { config.initialization = rules }
  }
}
