import PyConfig

extension ResNet.Config {
  /// Reads the keys that mmdet and mmseg share; they return all stages by default.
  ///
  /// - Parameters:
  ///   - evaluatesNorm: the suite's default of `norm_eval`.
  ///   - stemChannels: the suite's default of `stem_channels`; `nil` for as many as `base_channels`.
  ///   - depths: those that the type has.
  ///   - fixedStem: whether `deep_stem` and `avg_down` are on, for a type that says so by its name.
  /// - Throws: `BuildError`.
  public init(
    readingStagesFrom reader: inout ConfigReader, evaluatesNorm: Bool, stemChannels standard: Int? = nil,
    depths: [ResNet.Depth] = ResNet.Depth.standard, fixedStem: (isDeep: Bool, averagesDown: Bool)? = nil
  ) throws {
    self.init()
    omitsIdlePooling = false
    widthRule = .eachGroup
    depth = try ResNet.Depth(from: &reader, among: depths)
    inChannels = try reader.value("in_channels", default: 3)
    baseChannels = try reader.value("base_channels", default: 64)
    stemChannels = try reader.optional("stem_channels") ?? standard ?? baseChannels
    let stages = try reader.value("num_stages", default: 4)
    strides = try reader.value("strides", default: [1, 2, 2, 2])
    dilations = try reader.value("dilations", default: [1, 1, 1, 1])
    guard (1...4).contains(stages), strides.count == stages, dilations.count == stages else {
      throw reader.invalid(
        "num_stages must be 1 to 4 with one stride and one dilation each, found \(stages), \(strides), \(dilations)"
      )
    }
    outIndices = try reader.value("out_indices", default: [0, 1, 2, 3])
    guard outIndices.allSatisfy({ (0..<stages).contains($0) }) else {
      throw reader.invalid("must be in 0..<\(stages), found \(outIndices)", key: "out_indices")
    }
    style = try reader.value("style", default: .pytorch)
    if let fixedStem {
      (stem, averageDown) = (fixedStem.isDeep ? .deepInRow : .plain, fixedStem.averagesDown)
    } else {
      stem = try reader.value("deep_stem", default: false) ? .deepInRow : .plain
      averageDown = try reader.value("avg_down", default: false)
    }
    frozenStages = try reader.value("frozen_stages", default: -1)
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = try reader.value("norm_cfg", default: .batchNorm)
    self.evaluatesNorm = try reader.value("norm_eval", default: evaluatesNorm)
    (deformable, deformableStages, fallsBackOnStride) = try reader.deformableStages()
    plugins = try reader.optional("plugins") ?? []
    zeroInitResidual = try reader.value("zero_init_residual", default: true)
    if let rules = try reader.weightRules() {
      // In the original the residual branches are zeroed by a rule that is part of the default.
      (initialization, zeroInitResidual) = (rules, false)
    }
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }

  /// Reads what only mmseg's networks have: `multi_grid` and `contract_dilation`.
  public mutating func readDilationRules(from reader: inout ConfigReader) throws {
    multiGrid = try reader.optional("multi_grid")
    contractsDilation = try reader.value("contract_dilation", default: false)
  }

  /// Reads ResNeXt's `groups` and `base_width`.
  ///
  public mutating func readGroups(from reader: inout ConfigReader) throws {
    groups = try reader.value("groups", default: 1)
    widthPerGroup = try reader.value("base_width", default: 4)
    // The original asks twice there, and the second answer is no.
    fallsBackOnStride = false
  }
}

extension ResidualBlockOptions.Middle {
  /// Reads Res2Net's `scales` and `base_width`.
  public static func hierarchy(from reader: inout ConfigReader, poolsAlways: Bool) throws -> Self {
    .hierarchy(
      scales: try reader.value("scales", default: 4), baseWidth: try reader.value("base_width", default: 26),
      poolsAlways: poolsAlways)
  }

  /// Reads ResNeSt's `radix`, `reduction_factor` and `avg_down_stride`.
  public static func splitAttention(from reader: inout ConfigReader) throws -> Self {
    .splitAttention(
      radix: try reader.value("radix", default: 2),
      reduction: try reader.value("reduction_factor", default: 4),
      poolsStride: try reader.value("avg_down_stride", default: true))
  }
}

extension ResNet.Depth {
  /// The depths of networks that have bottlenecks only.
  public static let withBottlenecks: [ResNet.Depth] = [.r50, .r101, .r152]

  /// Reads `depth`.
  public init(from reader: inout ConfigReader, among depths: [ResNet.Depth] = standard) throws {
    let number: Int = try reader.value("depth")
    guard let known = depths.first(where: { $0.rawValue == number }) else {
      let all = depths.map { String($0.rawValue) }.joined(separator: ", ")
      throw reader.invalid("must be one of \(all), found \(number)", key: "depth")
    }
    self = known
  }
}

extension ConfigReader {
  /// Reads `dcn` and `stage_with_dcn`: the layer, the stages that have it, and whether the first block has not.
  public mutating func deformableStages() throws -> (ConvConfig?, [Bool], Bool) {
    let stages: [Bool] = try value("stage_with_dcn", default: [false, false, false, false])
    guard let node = node("dcn"), !node.isNone else { return (nil, stages, false) }
    var inner = try ConfigReader(node, path: path("dcn"))
    let fallsBack = try inner.value("fallback_on_stride", default: false)
    let layer = try ConvConfig(from: &inner)
    guard layer.isDeformable else {
      throw inner.invalid("must be DCN or DCNv2, found \(layer.kind.rawValue)", key: "type")
    }
    try inner.finish()
    return (layer, stages, fallsBack)
  }

  /// Reads `init_cfg` and the older `pretrained`, as mmdet and mmseg do: `nil` where neither is given or both are `None`.
  ///
  /// Of both, `init_cfg` counts: published configs override an inherited `pretrained` so. The original refuses to train them.
  public mutating func weightRules() throws -> [InitConfig]? {
    let checkpoint: String? = try optional("pretrained")
    let rules = try optional("init_cfg", as: OneOrMany<InitConfig>.self)?.elements
    if let rules, !rules.isEmpty { return rules }
    return checkpoint.map { [.pretrained($0)] }
  }
}
