import Core

/// mmcls's `MobileNetV3`: the last layer is returned, batch normalisation forgets slowly.
struct ClsMobileNetV3Config: ConfigRecord {
  var config: MobileNetV3.Config

  init(from reader: inout ConfigReader) throws {
    var norm = NormConfig.batchNorm
    (norm.eps, norm.momentum) = (0.001, 0.01)
    config = try MobileNetV3.Config(from: &reader, outIndices: nil, norm: norm)
    config.initialization = try reader.initialization(default: [
      InitConfig(.kaiming(a: 0, .fanOut, .leakyReLU, .normal), layers: ["Conv2d"]),
      .normal(std: 0.01, layers: ["Linear"]), .constant(1, layers: ["BatchNorm2d"]),
    ])
  }
}
