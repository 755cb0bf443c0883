import Core
import PyConfig

/// A network of recursive gated convolutions.
///
/// Rao et al., 2022 (<https://arxiv.org/abs/2207.14284>). Mirrors mmcls's `HorNet`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each of `outIndices` the mean of the feature map, `[N, width · 2^i]`, or the map,
///   `[N, width · 2^i, H / (4 · 2^i), W / (4 · 2^i)]`.
public final class HorNet: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: HorNetDesign
    public var inChannels: Int
    public var dropPath: Float
    public var scale: Float
    public var hasLayerScale: Bool
    public var outIndices: [Int]
    public var frozenStages: Int
    /// Whether means are returned.
    public var poolsOutputs: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      design = try reader.value("arch", default: .tiny)
      inChannels = try reader.value("in_channels", default: 3, in: ConfigReader.widths)
      dropPath = try reader.probability("drop_path_rate")
      scale = try reader.value("scale", default: Float(1.0 / 3))
      hasLayerScale = try reader.value("use_layer_scale", default: true)
      let given = try reader.value("out_indices", default: OneOrMany([3])).elements
      outIndices = given.map { $0 < 0 ? 4 + $0 : $0 }
      guard !given.isEmpty, outIndices.allSatisfy((0..<4).contains), Set(outIndices).count == given.count
      else {
        throw reader.invalid("must be stages, each once, -4..<4, found \(given)", key: "out_indices")
      }
      frozenStages = try reader.value("frozen_stages", default: -1, in: -1...3)
      poolsOutputs = try reader.value("gap_before_final_norm", default: true)
      initialization = try reader.initialization(default: [])
      // Recomputing activations saves memory where it is scarce; it never changes a result.
      reader.ignore("with_cp")
    }
  }

  private let config: Config
  let downsampleLayers: ModuleList<Sequential>
  let stages: ModuleList<Sequential>
  private let norms: ListedNorms
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let design = config.design
    let widths = (0..<4).map { design.width << $0 }
    downsampleLayers = ModuleList(
      (0..<4).map { stage in
        stage == 0
          ? Sequential([
            Conv2d(config.inChannels, widths[0], kernel: 4, stride: 4), LayerNorm2d(widths[0], eps: 1e-6),
          ])
          : Sequential([
            LayerNorm2d(widths[stage - 1], eps: 1e-6),
            Conv2d(widths[stage - 1], widths[stage], kernel: 2, stride: 2),
          ])
      })
    let rates = stochasticDepthRates(config.dropPath, count: design.depths.reduce(0, +))
    stages = ModuleList(
      (0..<4).map { stage in
        let first = design.depths.prefix(stage).reduce(0, +)
        return Sequential(
          (0..<design.depths[stage]).map {
            HorNetBlock(
              widths[stage], order: design.orders[stage], design.filters[stage], scale: config.scale,
              dropPath: rates[first + $0], hasLayerScale: config.hasLayerScale)
          })
      })
    norms = ListedNorms(numbered: config.outIndices.map { ($0, LayerNorm2d(widths[$0], eps: 1e-6)) })
    outputs = (0..<4).filter(config.outIndices.contains).map {
      FeatureShape(channels: widths[$0], stride: 4 << $0)
    }
  }

  /// Whether outputs are vectors, not maps.
  public var givesVectors: Bool { config.poolsOutputs }

  public override var listedChildren: [(key: String, module: Module)] { norms.listed }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = x
    var features: [Tensor] = []
    for (stage, blocks) in stages.enumerated() {
      x = blocks(downsampleLayers[stage](x))
      guard let norm = norms[stage] else { continue }
      features.append(config.poolsOutputs ? norm(x.globalAvgPool2d()).flattened(from: 1) : norm(x))
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    for stage in 0..<max(0, config.frozenStages + 1) {
      downsampleLayers[stage].freeze()
      stages[stage].freeze()
      // As in the original, it is the norm of the stage behind that is frozen.
      if config.outIndices.contains(stage) { norms[stage + 1]?.freeze() }
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// The `arch` of a HorNet: a name, or its numbers.
struct HorNetDesign: ConfigDecodable, Sendable {
  var width: Int
  var depths = [2, 3, 18, 2]
  var orders = [2, 3, 4, 5]
  var filters: [HorNetFilter] = [HorNetFilter](repeating: .convolution(kernel: 7), count: 4)

  init(_ width: Int, global sizes: [Pair] = []) {
    self.width = width
    if sizes.count == 2 { filters.replaceSubrange(2..., with: sizes.map { .global($0) }) }
  }

  static let tiny = HorNetDesign(64)

  private static let known: [String: HorNetDesign] = {
    let small = [Pair(h: 14, w: 8), Pair(h: 7, w: 4)]
    let large = [Pair(h: 24, w: 12), Pair(h: 13, w: 7)]
    var known: [String: HorNetDesign] = [:]
    for (name, width) in [("tiny", 64), ("small", 96), ("base", 128), ("large", 192)] {
      for name in [name, String(name.prefix(1))] {
        known[name] = HorNetDesign(width)
        known[name + "-gf"] = HorNetDesign(width, global: small)
        if width > 96 { known[name + "-gf384"] = HorNetDesign(width, global: large) }
      }
    }
    return known
  }()

  init(from node: ConfigNode, at path: String) throws {
    guard node.string == nil else {
      self = try namedDesign(node, path, role: "HorNet", Self.known)
      return
    }
    var reader = try ConfigReader(node, path: path)
    width = try reader.value("base_dim", in: 2...8192)
    depths = try reader.values("depths", in: 1...1000, count: 4)
    orders = try reader.values("orders", in: 1...12, count: 4)
    for stage in 0..<4 where (width << stage) >> (orders[stage] - 1) < 1 {
      throw reader.invalid(
        "must leave each order a channel, found \(orders) for \(width) channels", key: "orders")
    }
    let nodes: [ConfigNode] = try reader.value("dw_cfg")
    guard nodes.count == 4 else {
      throw reader.invalid("must hold 4 dicts, found \(nodes.count)", key: "dw_cfg")
    }
    filters = try nodes.enumerated().map { stage, node in
      var inner = try ConfigReader(node, path: "\(path).dw_cfg.\(stage)")
      let type: String = try inner.value("type")
      let filter: HorNetFilter
      switch type {
      case "DW":
        let kernel = try inner.value("kernel_size", in: 1...63)
        guard kernel % 2 == 1 else { throw inner.invalid("must be odd, found \(kernel)", key: "kernel_size") }
        filter = .convolution(kernel: kernel)
      case "GF":
        let sum = (0..<orders[stage]).reduce(0) { $0 + (width << stage) >> $1 }
        guard sum % 2 == 0 else {
          throw inner.invalid("needs an even number of channels, found \(sum)", key: "type")
        }
        filter = .global(
          Pair(
            h: try inner.value("h", default: 14, in: 1...1024),
            w: try inner.value("w", default: 8, in: 1...1024)))
      default: throw inner.invalid("must be DW or GF, found '\(type)'", key: "type")
      }
      try inner.finish()
      return filter
    }
    try reader.finish()
  }
}
