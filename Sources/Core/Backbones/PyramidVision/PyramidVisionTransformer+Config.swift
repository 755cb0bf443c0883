extension PyramidVisionTransformer.Config {
  /// Reads the keys of mmdet's `PyramidVisionTransformer`, or of its `V2`, whose config has no say in patch sizes,
  /// paddings, position embeddings, norms behind stages and convolutions.
  ///
  /// - Throws: `BuildError`.
  public init(from reader: inout ConfigReader, isSecondVersion: Bool) throws {
    self.init()
    imageSize = try reader.imageSize("pretrain_img_size")
    try readStages(&reader, heads: [1, 2, 5, 8], patchSizes: isSecondVersion ? nil : [4, 2, 2, 2])
    let stages = depths.count
    if isSecondVersion {
      guard stages <= 4 else { throw reader.invalid("must be at most 4, found \(stages)", key: "num_stages") }
      (patchSizes, paddings) = (Array([7, 3, 3, 3].prefix(stages)), Array([3, 1, 1, 1].prefix(stages)))
      (hasAbsolutePosition, hasStageNorm, hasConvolution) = (false, true, true)
    } else {
      paddings = try reader.values("paddings", default: [0, 0, 0, 0], in: 0...1024, count: stages)
      hasAbsolutePosition = try reader.value("use_abs_pos_embed", default: true)
      hasStageNorm = try reader.value("norm_after_stage", default: false)
      hasConvolution = try reader.value("use_conv_ffn", default: false)
    }
    mlpRatios = try reader.values("mlp_ratios", default: [8, 8, 4, 4], in: 1...64, count: stages)
    if hasAbsolutePosition {
      try reader.checkPatches(imageSize, patch: patchSizes[0], key: "pretrain_img_size")
      try reader.checkPatches(imageSize, patch: patchSizes.reduce(1, *), key: "pretrain_img_size")
    }
    dropPath = try reader.probability("drop_path_rate", default: 0.1)
    convertsWeights = try reader.value("convert_weights", default: true)
    guard initialization.isEmpty || initialization.contains(where: \.isPretrained) else {
      throw reader.invalid("must be of type Pretrained, or None", key: "init_cfg")
    }
  }

  /// Reads the keys of mmseg's `MixVisionTransformer`.
  ///
  /// - Throws: `BuildError`.
  public init(readingMix reader: inout ConfigReader) throws {
    self.init()
    try readStages(&reader, heads: [1, 2, 4, 8], patchSizes: [7, 3, 3, 3])
    paddings = patchSizes.map { $0 / 2 }
    let ratio = try reader.value("mlp_ratio", default: 4, in: 1...64)
    mlpRatios = [Int](repeating: ratio, count: depths.count)
    (hasAbsolutePosition, hasStageNorm, hasConvolution) = (false, true, true)
    dropPath = try reader.probability("drop_path_rate")
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }

  /// What all three have in common.
  private mutating func readStages(_ reader: inout ConfigReader, heads: [Int], patchSizes: [Int]?) throws {
    inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
    width = try reader.value("embed_dims", default: 64, in: 1...4096)
    let stages = try reader.value("num_stages", default: 4, in: 1...8)
    depths = try reader.values("num_layers", default: [3, 4, 6, 3], in: 1...1000, count: stages)
    self.heads = try reader.values("num_heads", default: heads, in: 1...64, count: stages)
    if let patchSizes {
      self.patchSizes = try reader.values("patch_sizes", default: patchSizes, in: 1...1024, count: stages)
    }
    strides = try reader.values("strides", default: [4, 2, 2, 2], in: 1...1024, count: stages)
    ratios = try reader.values("sr_ratios", default: [8, 4, 2, 1], in: 1...1024, count: stages)
    outIndices = try reader.indices("out_indices", default: [0, 1, 2, 3], below: stages)
    qkvBias = try reader.value("qkv_bias", default: true)
    dropout = try reader.probability("drop_rate")
    attentionDropout = try reader.probability("attn_drop_rate")
    activation = try reader.value("act_cfg", default: activation)
    norm = try reader.tokenNorm(default: norm)
    initialization = try reader.initializationOrPretrained()
  }
}
