import Core

/// mmseg's `SwinTransformer`.
struct SegSwinConfig: ConfigRecord {
  var config: SwinTransformer.Config

  init(from reader: inout ConfigReader) throws {
    config = try SwinTransformer.Config(readingDense: &reader, position: .tokens)
  }
}

/// mmseg's `MixVisionTransformer`.
struct SegMixVisionConfig: ConfigRecord {
  var config: PyramidVisionTransformer.Config

  init(from reader: inout ConfigReader) throws {
    config = try PyramidVisionTransformer.Config(readingMix: &reader)
  }
}

/// mmseg's `VisionTransformer`.
struct SegVisionTransformerConfig: ConfigRecord {
  var config = VisionTransformer.Config()

  init(from reader: inout ConfigReader) throws {
    config.imageSize = try reader.imageSize("img_size")
    let patch = try reader.value("patch_size", default: 16, in: 1...1024)
    try reader.checkPatches(config.imageSize, patch: patch, key: "img_size")
    config.patch.kernel = Pair(patch)
    config.patch.inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
    config.width = try reader.value("embed_dims", default: 768, in: ConfigReader.widths)
    config.depth = try reader.value("num_layers", default: 12, in: 1...1000)
    config.heads = try reader.value("num_heads", default: 12, in: 1...4096)
    try reader.checkHeads([config.heads], [config.width])
    config.hidden = try reader.value("mlp_ratio", default: 4, in: 1...64) * config.width
    config.outIndices = try reader.layerIndices(below: config.depth)
    config.qkvBias = try reader.value("qkv_bias", default: true)
    config.dropout = try reader.probability("drop_rate")
    config.attentionDropout = try reader.probability("attn_drop_rate")
    config.dropPath = try reader.probability("drop_path_rate")
    config.hasClassToken = try reader.value("with_cls_token", default: true)
    config.outputsClassToken = try reader.value("output_cls_token", default: false)
    guard config.hasClassToken || !config.outputsClassToken else {
      throw reader.invalid("needs with_cls_token=True", key: "output_cls_token")
    }
    config.norm = try reader.tokenNorm(default: config.norm)
    config.activation = try reader.value("act_cfg", default: config.activation)
    config.patch.norm = try reader.value("patch_norm", default: false) ? config.norm : nil
    config.hasFinalNorm = try reader.value("final_norm", default: false)
    config.interpolation = try reader.value("interpolate_mode", default: .bicubic)
    config.feedForwardLayers = try reader.value("num_fcs", default: 2, in: 2...16)
    config.evaluatesNorm = try reader.value("norm_eval", default: false)
    config.initialization = try reader.initializationOrPretrained()
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }
}

/// mmseg's `BEiT`.
struct SegBEiTConfig: ConfigRecord {
  var config: BEiT.Config

  init(from reader: inout ConfigReader) throws {
    config = try BEiT.Config(reading: &reader)
    config.hasQueryValueBias = try reader.value("qv_bias", default: true)
  }
}

/// mmseg's `MAE`.
struct SegMAEConfig: ConfigRecord {
  var config: BEiT.Config

  init(from reader: inout ConfigReader) throws {
    config = try BEiT.Config(reading: &reader)
    config.isMAE = true
  }
}

extension BEiT.Config {
  /// What `BEiT` and `MAE` have in common.
  fileprivate init(reading reader: inout ConfigReader) throws {
    self.init()
    imageSize = try reader.imageSize("img_size")
    patchSize = try reader.value("patch_size", default: 16, in: 1...1024)
    // There is a number for each pair of patches.
    try reader.checkPatches(imageSize, patch: patchSize, key: "img_size", atMost: 8192)
    inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
    width = try reader.value("embed_dims", default: 768, in: ConfigReader.widths)
    depth = try reader.value("num_layers", default: 12, in: 1...1000)
    heads = try reader.value("num_heads", default: 12, in: 1...4096)
    try reader.checkHeads([heads], [width])
    mlpRatio = try reader.value("mlp_ratio", default: 4, in: 1...64)
    outIndices = try reader.layerIndices(below: depth)
    attentionDropout = try reader.probability("attn_drop_rate")
    dropPath = try reader.probability("drop_path_rate")
    norm = try reader.tokenNorm(default: norm)
    activation = try reader.value("act_cfg", default: activation)
    hasPatchNorm = try reader.value("patch_norm", default: false)
    hasFinalNorm = try reader.value("final_norm", default: false)
    feedForwardLayers = try reader.value("num_fcs", default: 2, in: 2...16)
    evaluatesNorm = try reader.value("norm_eval", default: false)
    initialScale = try reader.value("init_values", default: 0.1)
    initialization = try reader.initializationOrPretrained()
  }
}

/// mmseg's `PCPVT`.
struct SegPCPVTConfig: ConfigRecord {
  var config: Twins.Config

  init(from reader: inout ConfigReader) throws {
    config = try Twins.Config(
      reading: &reader, standard: Twins.Config(), dropPath: 0, hasStageNorm: false)
  }
}

/// mmseg's `SVT`.
struct SegSVTConfig: ConfigRecord {
  var config: Twins.Config

  init(from reader: inout ConfigReader) throws {
    var standard = Twins.Config()
    (standard.widths, standard.heads, standard.mlpRatios) = ([64, 128, 256], [1, 2, 4], [4, 4, 4])
    (standard.depths, standard.ratios) = ([4, 4, 4], [4, 2, 1])
    config = try Twins.Config(reading: &reader, standard: standard, dropPath: 0.2, hasStageNorm: true)
    // The original's spelling.
    config.windows = try reader.values(
      "windiow_sizes", default: [7, 7, 7], in: 1...64, count: config.depths.count)
  }
}

extension Twins.Config {
  /// What `PCPVT` and `SVT` have in common.
  fileprivate init(
    reading reader: inout ConfigReader, standard: Twins.Config, dropPath rate: Float, hasStageNorm: Bool
  ) throws {
    self = standard
    inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
    depths = try reader.values("depths", default: depths, in: 1...1000)
    let stages = depths.count
    guard stages <= 8 else {
      throw reader.invalid("must hold at most 8 numbers, found \(depths)", key: "depths")
    }
    widths = try reader.values("embed_dims", default: widths, in: ConfigReader.widths, count: stages)
    // The defaults of these are for four stages, whatever the number of stages.
    patchSizes = try reader.stages("patch_sizes", default: patchSizes, in: 1...1024, count: stages)
    strides = try reader.stages("strides", default: strides, in: 1...1024, count: stages)
    heads = try reader.values("num_heads", default: heads, in: 1...4096, count: stages)
    try reader.checkHeads(heads, widths)
    mlpRatios = try reader.values("mlp_ratios", default: mlpRatios, in: 1...64, count: stages)
    ratios = try reader.values("sr_ratios", default: ratios, in: 1...1024, count: stages)
    outIndices = try reader.stages("out_indices", default: [0, 1, 2, 3], in: 0...8, count: nil)
    qkvBias = try reader.value("qkv_bias", default: false)
    dropout = try reader.probability("drop_rate")
    attentionDropout = try reader.probability("attn_drop_rate")
    dropPath = try reader.probability("drop_path_rate", default: rate)
    patchNorm = try reader.tokenNorm(default: patchNorm)
    stageNorm = patchNorm
    let norms = try reader.value("norm_after_stage", default: hasStageNorm)
    self.hasStageNorm = [Bool](repeating: norms, count: stages)
    initialization = try reader.initializationOrPretrained()
  }
}

extension ConfigReader {
  /// At least one number a stage; more are left unused.
  fileprivate mutating func stages(
    _ key: String, default standard: [Int], in range: ClosedRange<Int>, count: Int?
  ) throws -> [Int] {
    let values = try values(key, default: standard, in: range)
    if let count, values.count < count {
      throw invalid("must hold at least \(count) numbers, found \(values)", key: key)
    }
    return values
  }

  /// `out_indices`: one layer or several; -1 is the last one.
  fileprivate mutating func layerIndices(below count: Int) throws -> [Int] {
    let given = try value("out_indices", default: OneOrMany([-1], wasList: false))
    let indices = given.wasList || given.elements != [-1] ? given.elements : [count - 1]
    guard !indices.isEmpty, indices.allSatisfy((0..<count).contains) else {
      throw invalid("must be in 0..<\(count), found \(indices)", key: "out_indices")
    }
    return indices
  }
}
