import Core
import PyConfig

/// mmcls's `PCPVT`.
struct ClsPCPVTConfig: ConfigRecord {
  var config: Twins.Config

  init(from reader: inout ConfigReader) throws {
    config = try Twins.Config(
      reading: &reader, hasWindows: false,
      known: [
        ("small", TwinsDesign([64, 128, 320, 512], [3, 4, 6, 3], [1, 2, 5, 8], [8, 8, 4, 4])),
        ("base", TwinsDesign([64, 128, 320, 512], [3, 4, 18, 3], [1, 2, 5, 8], [8, 8, 4, 4])),
        ("large", TwinsDesign([64, 128, 320, 512], [3, 8, 27, 3], [1, 2, 5, 8], [8, 8, 4, 4])),
      ])
  }
}

/// mmcls's `SVT`.
struct ClsSVTConfig: ConfigRecord {
  var config: Twins.Config

  init(from reader: inout ConfigReader) throws {
    config = try Twins.Config(
      reading: &reader, hasWindows: true,
      known: [
        ("small", TwinsDesign([64, 128, 256, 512], [2, 2, 10, 4], [2, 4, 8, 16], [4, 4, 4, 4])),
        ("base", TwinsDesign([96, 192, 384, 768], [2, 2, 18, 2], [3, 6, 12, 24], [4, 4, 4, 4])),
        ("large", TwinsDesign([128, 256, 512, 1024], [2, 2, 18, 2], [4, 8, 16, 32], [4, 4, 4, 4])),
      ])
  }
}

/// What the named designs of Twins differ in.
private struct TwinsDesign {
  var widths, depths, heads, mlpRatios: [Int]

  init(_ widths: [Int], _ depths: [Int], _ heads: [Int], _ mlpRatios: [Int]) {
    (self.widths, self.depths, self.heads, self.mlpRatios) = (widths, depths, heads, mlpRatios)
  }
}

extension Twins.Config {
  fileprivate init(reading reader: inout ConfigReader, hasWindows: Bool, known: [(String, TwinsDesign)])
    throws
  {
    self.init()
    guard let arch = reader.node("arch") else {
      throw BuildError(.missingKey("arch"), path: reader.path, location: reader.location)
    }
    if arch.string != nil {
      let design = try namedDesign(arch, reader.path("arch"), role: "Twins", named(known))
      (widths, depths, heads, mlpRatios) = (design.widths, design.depths, design.heads, design.mlpRatios)
      if hasWindows { windows = [7, 7, 7, 7] }
    } else {
      var inner = try ConfigReader(arch, path: reader.path("arch"))
      depths = try inner.values("depths", in: 1...1000)
      let stages = depths.count
      guard stages <= 8 else {
        throw inner.invalid("must hold at most 8 numbers, found \(depths)", key: "depths")
      }
      widths = try inner.values("embed_dims", in: ConfigReader.widths, count: stages)
      heads = try inner.values("num_heads", in: 1...4096, count: stages)
      try inner.checkHeads(heads, widths)
      patchSizes = try inner.values("patch_sizes", in: 1...1024, count: stages)
      strides = try inner.values("strides", in: 1...1024, count: stages)
      mlpRatios = try inner.values("mlp_ratios", in: 1...64, count: stages)
      ratios = try inner.values("sr_ratios", in: 1...1024, count: stages)
      if hasWindows { windows = try inner.values("window_sizes", in: 1...64, count: stages) }
      try inner.finish()
    }
    let stages = depths.count
    isSegmentation = false
    inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
    outIndices = try reader.indices("out_indices", default: [3], below: stages)
    qkvBias = try reader.value("qkv_bias", default: false)
    dropout = try reader.probability("drop_rate")
    attentionDropout = try reader.probability("attn_drop_rate")
    dropPath = try reader.probability("drop_path_rate")
    layerNorm = try reader.tokenNorm(default: layerNorm)
    (windowLayerNorm, stageNorm) = (layerNorm, layerNorm)
    let norms = try reader.value("norm_after_stage", default: OneOrMany([false], wasList: false))
    hasStageNorm = norms.wasList ? norms.elements : [Bool](repeating: norms.elements[0], count: stages)
    guard hasStageNorm.count == stages else {
      throw reader.invalid(
        "must be one bool or \(stages), found \(hasStageNorm.count)", key: "norm_after_stage")
    }
    initialization = try reader.initialization(default: [])
  }
}
