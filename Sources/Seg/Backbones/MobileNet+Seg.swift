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

/// mmseg's `MobileNetV3`: the last two strides are dilations.
struct SegMobileNetV3Config: ConfigRecord {
  var config: MobileNetV3.Config

  init(from reader: inout ConfigReader) throws {
    config = try MobileNetV3.Config(from: &reader, outIndices: [0, 1, 12], norm: .batchNorm)
    config.isDilated = true
    config.reduction = try reader.value("reduction_factor", default: 1)
    guard (1...16).contains(config.reduction) else {
      throw reader.invalid("must be in 1...16, found \(config.reduction)", key: "reduction_factor")
    }
    config.initialization =
      try reader.weightRules() ?? [
        .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
      ]
  }
}
