import Core

/// mmseg's `HRNet`: batch normalisation is trained, stages can be frozen, maps are enlarged bilinearly.
struct SegHRNetConfig: ConfigRecord {
  var config: HRNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try HRNet.Config(from: &reader, evaluatesNorm: false)
    config.frozenStages = try reader.value("frozen_stages", default: -1)
    config.interpolation = .bilinear
    if let rules = try reader.weightRules() { config.initialization = rules }
    // In the original no config reaches the rule that would zero them.
    config.zeroInitResidual = false
  }
}
