import Core
import OrderedCollections
import PyConfig
import TorchFile

/// The Swin Transformer V2 of Liu et al., 2021 (<https://arxiv.org/abs/2111.09883>). Mirrors mmcls's `SwinTransformerV2`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outIndices` `[N, width · 2^i, H / (4 · 2^i), W / (4 · 2^i)]`
public final class SwinTransformerV2: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: SwinV2Design
    public var imageSize: Pair
    public var patchSize, inChannels: Int
    /// Side of the windows of each stage, and of those of earlier training.
    public var windows, trainedWindows: [Int]
    public var dropout, dropPath: Float
    public var outIndices: [Int]
    public var hasAbsolutePosition: Bool
    public var interpolation: InterpolationMode
    public var frozenStages: Int
    public var sparesSmallMaps: Bool
    /// Of the outputs; `nil`: none.
    public var outputNorm: NormConfig?
    /// Whether norms of merging layers stand behind their linear layers.
    public var isPostNorm = true
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      design = try reader.value("arch", default: .tiny)
      let stages = design.depths.count
      imageSize = try reader.imageSize("img_size", default: 256)
      patchSize = try reader.value("patch_size", default: 4, in: 1...1024)
      inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
      let given = try reader.value("window_size", default: OneOrMany([8], wasList: false))
      windows = given.wasList ? given.elements : [Int](repeating: given.elements[0], count: stages)
      guard windows.count == stages, windows.allSatisfy((2...64).contains) else {
        throw reader.invalid(
          "must be a number in 2...64 or \(stages) of them, found \(windows)", key: "window_size")
      }
      dropout = try reader.probability("drop_rate")
      dropPath = try reader.probability("drop_path_rate", default: 0.1)
      outIndices = try reader.indices("out_indices", default: [3], below: stages)
      hasAbsolutePosition = try reader.value("use_abs_pos_embed", default: false)
      if hasAbsolutePosition { try reader.checkPatches(imageSize, patch: patchSize, key: "img_size") }
      interpolation = try reader.value("interpolate_mode", default: .bicubic)
      frozenStages = try reader.value("frozen_stages", default: -1, in: -1...(stages - 1))
      sparesSmallMaps = !(try reader.value("pad_small_map", default: false))
      outputNorm = reader.has("norm_cfg") ? try reader.optionalTokenNorm() : .layerNorm()
      trainedWindows = try reader.values("pretrained_window_sizes", default: [0, 0, 0, 0], in: 0...1024)
      guard trainedWindows.count >= stages, !trainedWindows.contains(1) else {
        throw reader.invalid(
          "must be 0 or at least 2, \(stages) times, found \(trainedWindows)", key: "pretrained_window_sizes")
      }
      if let node = reader.node("stage_cfgs"), !node.isNone {
        // A dict of one's own takes the place of the default, which asks for norms behind.
        isPostNorm = false
        var stage = try ConfigReader(node, path: reader.path("stage_cfgs"))
        if let inner = stage.node("downsample_cfg") {
          var merging = try ConfigReader(inner, path: stage.path("downsample_cfg"))
          isPostNorm = try merging.value("is_post_norm", default: false)
          try merging.finish()
        }
        try stage.finish()
      }
      if let node = reader.node("patch_cfg"), !node.isNone {
        try ConfigReader(node, path: reader.path("patch_cfg")).finish()
      }
      initialization = try reader.initialization(default: [])
      // There is no batch normalisation to evaluate; recomputing activations saves memory and changes nothing.
      reader.ignore("norm_eval", "with_cp")
    }
  }

  private let config: Config
  let absolutePosEmbed: Parameter?
  let patchEmbed: PatchEmbed
  let dropAfterPos: Dropout
  let stages: ModuleList<SwinStageV2>
  private let norms: ListedNorms
  private let patches: Pair
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let design = config.design
    patchEmbed = PatchEmbed(
      config.inChannels, design.width, kernel: Pair(config.patchSize), norm: .layerNorm())
    patches = patchEmbed.outputSize(config.imageSize)
    absolutePosEmbed =
      config.hasAbsolutePosition ? Parameter(.zeros([1, patches.h * patches.w, design.width])) : nil
    dropAfterPos = Dropout(config.dropout)
    let rates = stochasticDepthRates(config.dropPath, count: design.depths.reduce(0, +))
    var (width, stride, first) = (design.width, config.patchSize, 0)
    var stages: [SwinStageV2] = []
    var shapes: [FeatureShape] = []
    for (index, depth) in design.depths.enumerated() {
      var merging: PatchMerging?
      if index > 0 {
        var options = PatchMerging.Options()
        (options.reductionFirst, options.isPostNorm) = (true, config.isPostNorm)
        merging = PatchMerging(width, 2 * width, options)
        (width, stride) = (2 * width, 2 * stride)
      }
      let blocks = (0..<depth).map { i in
        var options = SwinBlockV2.Options()
        (options.window, options.isShifted) = (config.windows[index], i % 2 == 1)
        (options.trainedWindow, options.dropPath) = (config.trainedWindows[index], rates[first + i])
        options.hasExtraNorm = design.extraNorm > 0 && (i + 1) % design.extraNorm == 0
        options.spareSmallMaps = config.sparesSmallMaps
        return SwinBlockV2(width, heads: design.heads[index], options)
      }
      stages.append(SwinStageV2(downsample: merging, blocks))
      shapes.append(FeatureShape(channels: width, stride: stride))
      first += depth
    }
    self.stages = ModuleList(stages)
    norms = ListedNorms(
      numbered: config.outIndices.map { ($0, config.outputNorm?.make(shapes[$0].channels)) })
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  public override var listedChildren: [(key: String, module: Module)] { norms.listed }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var (x, size) = patchEmbed(x)
    if let absolutePosEmbed {
      x = x + absolutePosEmbed.value.resizedPositions(from: patches, to: size, mode: config.interpolation)
    }
    x = dropAfterPos(x)
    var features: [Tensor] = []
    for (index, stage) in stages.enumerated() {
      (x, size) = stage(x, size)
      if config.outIndices.contains(index) { features.append((norms[index]?(x) ?? x).tokensAsMap(size)) }
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    guard config.frozenStages >= 0 else { return }
    patchEmbed.freeze()
    for (index, stage) in stages.prefix(config.frozenStages + 1).enumerated() {
      stage.freeze()
      norms[index]?.setRequiresGradient(false)
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if let absolutePosEmbed, !startsFromFile {
      Init.truncatedNormal(absolutePosEmbed, standardDeviation: 0.02, using: &generator)
    }
  }
}

extension SwinTransformerV2: PartAdapting {
  /// Tables of distances are this model's own, and a position embedding of square images of another size is resized.
  public func adaptState(_ state: inout OrderedDictionary<String, StoredTensor>) {
    state.removeAll { key, _ in
      key.contains("relative_position_index") || key.contains("relative_coords_table")
    }
    if let absolutePosEmbed {
      state.resizePositions(
        "absolute_pos_embed", to: patches, like: absolutePosEmbed, mode: config.interpolation)
    }
  }
}

/// The `arch` of a Swin Transformer V2: a name, or its numbers.
struct SwinV2Design: ConfigDecodable, Sendable {
  var width: Int
  var depths, heads: [Int]
  /// A block that this number divides has a third norm; 0: none.
  var extraNorm = 0

  init(_ width: Int, _ depths: [Int], _ heads: [Int], extraNorm: Int = 0) {
    (self.width, self.depths, self.heads, self.extraNorm) = (width, depths, heads, extraNorm)
  }

  static let tiny = SwinV2Design(96, [2, 2, 6, 2], [3, 6, 12, 24])

  private static let known: [String: SwinV2Design] = named([
    ("tiny", .tiny), ("small", SwinV2Design(96, [2, 2, 18, 2], [3, 6, 12, 24])),
    ("base", SwinV2Design(128, [2, 2, 18, 2], [4, 8, 16, 32])),
    ("large", SwinV2Design(192, [2, 2, 18, 2], [6, 12, 24, 48])),
    ("huge", SwinV2Design(352, [2, 2, 18, 2], [8, 16, 32, 64], extraNorm: 6)),
    ("giant", SwinV2Design(512, [2, 2, 42, 4], [16, 32, 64, 128], extraNorm: 6)),
  ])

  init(from node: ConfigNode, at path: String) throws {
    guard node.string == nil else {
      self = try namedDesign(node, path, role: "Swin Transformer V2", Self.known)
      return
    }
    var reader = try ConfigReader(node, path: path)
    extraNorm = try reader.value("extra_norm_every_n_blocks", in: 0...1000)
    width = try reader.value("embed_dims", in: ConfigReader.widths)
    depths = try reader.values("depths", in: 1...1000)
    guard depths.count <= 8, width << (depths.count - 1) <= 65536 else {
      throw reader.invalid("must be at most 8 stages, the last of at most 65536 channels", key: "depths")
    }
    heads = try reader.values("num_heads", in: 1...4096, count: depths.count)
    try reader.checkHeads(heads, depths.indices.map { [width] in width << $0 })
    try reader.finish()
  }
}
