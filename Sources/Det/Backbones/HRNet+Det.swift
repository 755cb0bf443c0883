import Core

/// mmdet's `HRNet`: batch normalisation stays at its running statistics.
struct DetHRNetConfig: ConfigRecord {
  var config: HRNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try HRNet.Config(from: &reader, evaluatesNorm: true)
    if let rules = try reader.weightRules() { config.initialization = rules }
    // In the original no config reaches the rule that would zero them.
    config.zeroInitResidual = false
  }
}
