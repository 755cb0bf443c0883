extension SwinTransformer.Config {
  /// Reads the keys that mmdet and mmseg share.
  ///
  /// - Parameter position: how the suite keeps a position embedding.
  /// - Throws: `BuildError`.
  public init(readingDense reader: inout ConfigReader, position: SwinTransformer.AbsolutePosition) throws {
    self.init()
    imageSize = try reader.imageSize("pretrain_img_size")
    inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
    width = try reader.value("embed_dims", default: 96, in: ConfigReader.widths)
    depths = try reader.values("depths", default: [2, 2, 6, 2], in: 1...1000)
    let stages = depths.count
    guard stages <= 8, width << (stages - 1) <= 65536 else {
      throw reader.invalid(
        "must be at most 8 stages, the last of at most 65536 channels, found \(depths) from \(width) channels on",
        key: "depths")
    }
    heads = try reader.values("num_heads", default: [3, 6, 12, 24], in: 1...4096, count: stages)
    try reader.checkHeads(heads, (0..<stages).map { width << $0 })
    strides = try reader.values("strides", default: [4, 2, 2, 2], in: 1...1024, count: stages)
    let patch = try reader.value("patch_size", default: 4)
    guard strides[0] == patch else {
      throw reader.invalid("must be the first of strides, \(strides[0]), found \(patch)", key: "patch_size")
    }
    windows = [Int](repeating: try reader.value("window_size", default: 7, in: 1...64), count: stages)
    mlpRatio = try reader.value("mlp_ratio", default: 4, in: 0.01...64)
    outIndices = try reader.indices("out_indices", default: [0, 1, 2, 3], below: stages)
    qkvBias = try reader.value("qkv_bias", default: true)
    scale = try reader.optional("qk_scale")
    hasPatchNorm = try reader.value("patch_norm", default: true)
    dropout = try reader.probability("drop_rate")
    attentionDropout = try reader.probability("attn_drop_rate")
    dropPath = try reader.probability("drop_path_rate", default: 0.1)
    if try reader.value("use_abs_pos_embed", default: false) {
      absolutePosition = position
      try reader.checkPatches(imageSize, patch: patch, key: "pretrain_img_size")
    }
    activation = try reader.value("act_cfg", default: activation)
    norm = try reader.tokenNorm(default: norm)
    outputNorm = norm
    frozenStages = try reader.value("frozen_stages", default: -1, in: -1...stages)
    initialization = try reader.initializationOrPretrained()
    guard initialization.isEmpty || initialization.contains(where: \.isPretrained) else {
      throw reader.invalid("must be of type Pretrained, or None", key: "init_cfg")
    }
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }
}
