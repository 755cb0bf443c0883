import Core
import PyConfig

/// A feature pyramid whose levels are enlarged by a layer of choice, by CARAFE above all.
///
/// Wang et al., 2019, section 4 (<https://arxiv.org/abs/1905.02188>). Mirrors mmdet's `FPN_CARAFE`; levels on top join the
/// top-down path too.
///
/// - Input: `[N, inChannels[i], H_i, W_i]`
/// - Output: `outputs` maps `[N, outChannels, H_i, W_i]`
public final class FPNCARAFE: Module, Neck {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: [Int]
    public var outChannels: Int
    public var outputs: Int
    public var levels: Range<Int>
    public var norm: NormConfig?
    public var activation: ActivationConfig?
    public var order: [ConvModule.Part]
    public var upsample: UpsampleLayer
    /// Of the layers `deconv` and `pixel_shuffle`.
    public var upsampleKernel: Int

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channelList("in_channels")
      outChannels = try reader.channels("out_channels")
      (outputs, levels) = try reader.pyramidLevels(of: inChannels.count)
      norm = try reader.optional("norm_cfg")
      activation = try reader.optional("act_cfg")
      order = try reader.value("order", default: [.conv, .norm, .act])
      guard order == [.conv, .norm, .act] || order == [.act, .conv, .norm] else {
        throw reader.invalid(
          "must be ('conv', 'norm', 'act') or ('act', 'conv', 'norm'), found \(order.map(\.rawValue))",
          key: "order")
      }
      (upsample, upsampleKernel) = (.carafe(CARAFEPack.Options()), 1)
      if let node = reader.node("upsample_cfg") {
        var inner = try ConfigReader(node, path: reader.path("upsample_cfg"))
        guard let layer = try UpsampleLayer(from: &inner) else {
          throw inner.invalid("must name a layer", key: "type")
        }
        upsample = layer
        if layer == .deconvolution || layer == .pixelShuffle {
          upsampleKernel = try inner.integer("upsample_kernel", in: 1...63)
        }
        try inner.finish()
      }
      if let initial = reader.node("init_cfg"), !initial.isNone {
        throw reader.invalid("must be None", key: "init_cfg")
      }
      let (norm, channels, upsample) = (norm, outChannels, upsample)
      try reader.checked {
        try norm?.check(channels: [channels])
        if case .carafe(let options) = upsample, channels % options.groups != 0 {
          throw InvalidConfig(
            "upsample_cfg.up_group must divide out_channels, \(channels), found \(options.groups)")
        }
      }
    }
  }

  let lateralConvs: ModuleList<ConvModule>
  let fpnConvs: ModuleList<ConvModule>
  let upsampleModules: ModuleList<Module>
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    func conv(_ channels: Int, kernel: Int, stride: Int) -> ConvModule {
      var options = ConvModule.Options()
      (options.stride, options.padding) = (Pair(stride), Pair((kernel - 1) / 2))
      (options.norm, options.activation, options.order) = (config.norm, config.activation, config.order)
      options.bias = config.norm == nil
      return ConvModule(channels, config.outChannels, kernel: Pair(kernel), options)
    }
    let extra = config.outputs - config.levels.count, channels = config.outChannels
    lateralConvs = ModuleList(
      config.inChannels[config.levels].map { conv($0, kernel: 1, stride: 1) }
        + (0..<extra).map {
          conv($0 == 0 ? config.inChannels[config.levels.upperBound - 1] : channels, kernel: 3, stride: 2)
        })
    fpnConvs = ModuleList((0..<config.outputs).map { _ in conv(channels, kernel: 3, stride: 1) })
    upsampleModules = ModuleList(
      (0..<config.outputs - 1).map { _ in
        config.upsample.make(
          channels, channels, factor: 2, kernel: config.upsampleKernel,
          padding: (config.upsampleKernel - 1) / 2) as Module
      })
  }

  public var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? { Array(repeating: config.outChannels, count: config.outputs) }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.inChannels.count,
      "FPNCARAFE: \(config.inChannels.count) feature maps, found \(features.count)")
    var laterals: [Tensor] = []
    for (level, conv) in lateralConvs.enumerated() {
      let isOwn = level <= config.levels.count
      let source =
        isOwn ? features[min(level + config.levels.lowerBound, features.count - 1)] : laterals[level - 1]
      laterals.append(conv(source))
    }
    for level in laterals.indices.dropFirst().reversed() {
      guard let upsample = upsampleModules[level - 1] as? any UnaryModule else { continue }
      let (below, above) = (laterals[level - 1], upsample(laterals[level]))
      let size = below.imageSize
      laterals[level - 1] =
        below + (above.imageSize == size ? above : above[.all, .all, 0..<size.h, 0..<size.w])
    }
    return zip(fpnConvs, laterals).map { $0($1) }
  }

  public func check(_ shapes: [[Int]]) throws {
    try checkChannels(shapes)
    for level in config.levels.dropFirst()
    where !zip(shapes[level][2...], shapes[level - 1][2...]).allSatisfy({ 2 * $0 >= $1 }) {
      throw InvalidConfig(
        "neck: each map must be at most twice as large as the next, found \(shapes[level - 1]) and \(shapes[level])"
      )
    }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    InitConfig(.xavier(gain: 1, .uniform), layers: ["Conv2d", "ConvTranspose2d"]).apply(
      to: self, using: &generator)
    for layer in upsampleModules { (layer as? CARAFEPack)?.initializeWeights(using: &generator) }
  }
}
