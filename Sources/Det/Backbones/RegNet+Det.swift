import Core

/// mmdet's `RegNet`: all stages are returned, and batch normalisation stays at its running statistics.
struct DetRegNetConfig: ConfigRecord {
  var config: RegNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try RegNet.Config(readingStagesFrom: &reader, outIndices: [0, 1, 2, 3], evaluatesNorm: true)
    (config.widthRule, config.omitsIdlePooling) = (.eachGroup, false)
    // As in ResNeXt, `fallback_on_stride` has no effect here.
    (config.deformable, config.deformableStages, _) = try reader.deformableStages()
    config.plugins = try reader.optional("plugins") ?? []
    config.initialization = [
      .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
    ]
    if let rules = try reader.weightRules() {
      (config.initialization, config.zeroInitResidual) = (rules, false)
    }
    // There is no deep stem, whatever is asked for.
    reader.ignore("deep_stem")
  }
}
