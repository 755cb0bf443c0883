import Core
import PyConfig

/// mmcls's `SwinTransformer`.
struct ClsSwinConfig: ConfigRecord {
  var config = SwinTransformer.Config()

  init(from reader: inout ConfigReader) throws {
    let design: SwinDesign = try reader.value("arch", default: .tiny)
    (config.width, config.depths, config.heads) = (design.width, design.depths, design.heads)
    let stages = config.depths.count
    config.imageSize = try reader.imageSize("img_size")
    let patch = try reader.value("patch_size", default: 4, in: 1...1024)
    config.strides = [patch] + [Int](repeating: 2, count: stages - 1)
    config.inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
    let window = try reader.value("window_size", default: 7, in: 1...64)
    config.windows = [Int](repeating: window, count: stages)
    config.dropout = 0
    config.positionDropout = try reader.probability("drop_rate")
    config.dropPath = try reader.probability("drop_path_rate", default: 0.1)
    config.outIndices = try reader.indices("out_indices", default: [3], below: stages)
    config.outputsMerged = try reader.value("out_after_downsample", default: false)
    if try reader.value("use_abs_pos_embed", default: false) {
      config.absolutePosition = .tokens
      try reader.checkPatches(config.imageSize, patch: patch, key: "img_size")
    }
    config.interpolation = try reader.value("interpolate_mode", default: .bicubic)
    config.frozenStages = try reader.value("frozen_stages", default: -1, in: -1...(stages - 1))
    config.freezing = .upTo
    config.evaluatesNorm = try reader.value("norm_eval", default: false)
    config.sparesSmallMaps = !(try reader.value("pad_small_map", default: false))
    // Only of the outputs.
    config.outputNorm = reader.has("norm_cfg") ? try reader.optionalTokenNorm() : .layerNorm()
    if let node = reader.node("stage_cfgs"), !node.isNone {
      try readStages(node, path: reader.path("stage_cfgs"), count: stages)
    }
    if let node = reader.node("patch_cfg"), !node.isNone {
      try ConfigReader(node, path: reader.path("patch_cfg")).finish()
    }
    config.initialization = try reader.initialization(default: [])
    config.hasOwnInitialization = false
    reader.ignore("with_cp")
  }

  /// `dict(block_cfgs=dict(window_size=12))`, one for all stages or one for each.
  private mutating func readStages(_ node: ConfigNode, path: String, count: Int) throws {
    let isList = node.items != nil
    let nodes = node.items ?? [ConfigNode](repeating: node, count: count)
    guard nodes.count == count else {
      throw BuildError(
        .invalid("must be one dict or \(count), found \(nodes.count)"), path: path, location: node.location)
    }
    for (index, node) in nodes.enumerated() {
      var stage = try ConfigReader(node, path: isList ? "\(path).\(index)" : path)
      if let inner = stage.node("block_cfgs") {
        var block = try ConfigReader(inner, path: stage.path("block_cfgs"))
        config.windows[index] = try block.value("window_size", default: config.windows[index], in: 1...64)
        try block.finish()
      }
      config.windows[index] = try stage.value("window_size", default: config.windows[index], in: 1...64)
      try stage.finish()
    }
  }
}

/// The `arch` of a Swin Transformer: a name, or widths, depths and heads.
struct SwinDesign: ConfigDecodable, Sendable {
  var width: Int
  var depths: [Int]
  var heads: [Int]

  init(_ width: Int, _ depths: [Int], _ heads: [Int]) {
    (self.width, self.depths, self.heads) = (width, depths, heads)
  }

  static let tiny = SwinDesign(96, [2, 2, 6, 2], [3, 6, 12, 24])

  private static let known: [String: SwinDesign] = named([
    ("tiny", .tiny), ("small", SwinDesign(96, [2, 2, 18, 2], [3, 6, 12, 24])),
    ("base", SwinDesign(128, [2, 2, 18, 2], [4, 8, 16, 32])),
    ("large", SwinDesign(192, [2, 2, 18, 2], [6, 12, 24, 48])),
  ])

  init(from node: ConfigNode, at path: String) throws {
    guard node.string == nil else {
      self = try namedDesign(node, path, role: "Swin Transformer", Self.known)
      return
    }
    var reader = try ConfigReader(node, path: path)
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

/// Designs under their names and the first letters of these.
func named<Design>(_ designs: [(String, Design)]) -> [String: Design] {
  var known: [String: Design] = [:]
  for (name, design) in designs {
    known[name] = design
    // `deit-tiny` is `deit-t`, `small` is `s`.
    var parts = name.split(separator: "-").map(String.init)
    parts[parts.count - 1] = String(parts[parts.count - 1].prefix(1))
    known[parts.joined(separator: "-")] = design
  }
  return known
}

/// The design that a name in a config, in whatever case, means.
func namedDesign<Design>(_ node: ConfigNode, _ path: String, role: String, _ known: [String: Design]) throws
  -> Design
{
  let name = try String(from: node, at: path)
  guard let design = known[name.lowercased()] else {
    throw BuildError(
      .unknownName(name, role: role, known: known.keys.sorted()), path: path, location: node.location)
  }
  return design
}

/// mmcls's `VisionTransformer` and, with a token more, `DistilledVisionTransformer`.
struct ClsVisionTransformerConfig: ConfigRecord {
  var config: VisionTransformer.Config

  init(from reader: inout ConfigReader) throws { config = try Self.read(&reader, "base", extraTokens: 1) }

  static func read(
    _ reader: inout ConfigReader, _ standard: String, extraTokens: Int
  ) throws -> VisionTransformer.Config {
    var config = VisionTransformer.Config()
    let design: VisionTransformerDesign = try reader.value(
      "arch", default: VisionTransformerDesign(named: standard))
    (config.width, config.depth) = (design.width, design.depth)
    (config.heads, config.hidden) = (design.heads, design.hidden)
    (config.attention, config.extraTokens) = (.packed, extraTokens)
    config.imageSize = try reader.imageSize("img_size")
    let patch = try reader.value("patch_size", default: 16, in: 1...1024)
    try reader.checkPatches(config.imageSize, patch: patch, key: "img_size")
    config.patch.kernel = Pair(patch)
    config.patch.inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
    let given = try reader.value("out_indices", default: OneOrMany([-1])).elements
    config.outIndices = given.map { $0 < 0 ? config.depth + $0 : $0 }
    guard !given.isEmpty, config.outIndices.allSatisfy((0..<config.depth).contains) else {
      throw reader.invalid(
        "must be layers, -\(config.depth)..<\(config.depth), found \(given)", key: "out_indices")
    }
    config.dropout = try reader.probability("drop_rate")
    config.dropPath = try reader.probability("drop_path_rate")
    config.qkvBias = try reader.value("qkv_bias", default: true)
    config.norm = try reader.tokenNorm(default: .layerNorm(eps: 1e-6))
    config.hasFinalNorm = try reader.value("final_norm", default: true)
    config.hasClassToken = try reader.value("with_cls_token", default: true)
    config.outputsClassToken = try reader.value("output_cls_token", default: true)
    guard config.hasClassToken || !config.outputsClassToken else {
      throw reader.invalid("needs with_cls_token=True", key: "output_cls_token")
    }
    config.interpolation = try reader.value("interpolate_mode", default: .bicubic)
    for key in ["patch_cfg", "layer_cfgs"] {
      if let node = reader.node(key), !node.isNone { try ConfigReader(node, path: reader.path(key)).finish() }
    }
    config.initialization = try reader.initialization(default: [])
    return config
  }
}

struct ClsDistilledVisionTransformerConfig: ConfigRecord {
  var config: VisionTransformer.Config

  init(from reader: inout ConfigReader) throws {
    config = try ClsVisionTransformerConfig.read(&reader, "deit-base", extraTokens: 2)
  }
}

/// The `arch` of a Vision Transformer: a name, or widths, depth and heads.
struct VisionTransformerDesign: ConfigDecodable, Sendable {
  var width, depth, heads, hidden: Int

  init(_ width: Int, _ depth: Int, _ heads: Int, _ hidden: Int) {
    (self.width, self.depth, self.heads, self.hidden) = (width, depth, heads, hidden)
  }

  init(named name: String) { self = Self.known[name] ?? Self.base }

  private static let base = VisionTransformerDesign(768, 12, 12, 3072)

  private static let known: [String: VisionTransformerDesign] = named([
    ("small", VisionTransformerDesign(768, 8, 8, 2304)), ("base", base),
    ("large", VisionTransformerDesign(1024, 24, 16, 4096)),
    ("deit-tiny", VisionTransformerDesign(192, 12, 3, 768)),
    ("deit-small", VisionTransformerDesign(384, 12, 6, 1536)), ("deit-base", base),
  ])

  init(from node: ConfigNode, at path: String) throws {
    guard node.string == nil else {
      self = try namedDesign(node, path, role: "Vision Transformer", Self.known)
      return
    }
    var reader = try ConfigReader(node, path: path)
    width = try reader.value("embed_dims", in: ConfigReader.widths)
    depth = try reader.value("num_layers", in: 1...1000)
    heads = try reader.value("num_heads", in: 1...4096)
    try reader.checkHeads([heads], [width])
    hidden = try reader.value("feedforward_channels", in: 1...(1 << 18))
    try reader.finish()
  }
}
