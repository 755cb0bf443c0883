import Core
import PyConfig

/// A stage of a residual network that box and mask heads share: the second half of a "C4" model.
///
/// Ren et al., 2015; He et al., 2015, appendix A (<https://arxiv.org/abs/1512.03385>). Mirrors mmdet's shared head
/// `ResLayer`.
///
/// - Input: `[regions, 64 · 2^(stage − 1) · expansion, h, w]`
/// - Output: `[regions, 64 · 2^stage · expansion, h / stride, w / stride]`
public final class SharedResLayer: Module, UnaryModule, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var depth: ResNet.Depth
    public var stage: Int
    public var options = ResidualBlockOptions()
    public var evaluatesNorm: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let number: Int = try reader.value("depth")
      guard let known = ResNet.Depth(rawValue: number) else {
        throw reader.invalid(
          "must be one of \(ResNet.Depth.allCases.map { String($0.rawValue) }.joined(separator: ", ")), found \(number)",
          key: "depth")
      }
      depth = known
      stage = try reader.integer("stage", default: 3, in: 0...3)
      options.stride = try reader.integer("stride", default: 2, in: 1...64)
      options.dilation = try reader.integer("dilation", default: 1, in: 1...64)
      options.style = try reader.value("style", default: .pytorch)
      options.norm = try reader.value("norm_cfg", default: .batchNorm)
      options.expansion = depth.usesBottleneck ? 4 : 1
      evaluatesNorm = try reader.value("norm_eval", default: true)
      initialization = try reader.initialization(default: [
        .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
      ])
      if let checkpoint: String = try reader.optional("pretrained") {
        initialization = [.pretrained(checkpoint)]
      }
      if let node = reader.node("dcn"), !node.isNone { throw reader.invalid("must be None", key: "dcn") }
      // Recomputing activations never changes a result.
      reader.ignore("with_cp")
      let (norm, channels) = (options.norm, 64 << stage)
      try reader.checked { try norm.check(channels: [channels]) }
    }
  }

  @Named var layer: Sequential
  private let evaluatesNorm: Bool
  public let initialization: [InitConfig]

  public init(_ config: Config) {
    let width = 64 << config.stage
    _layer = Named(
      "layer\(config.stage + 1)",
      ResLayer.make(
        blocks: config.depth.blocks[config.stage], usesBottleneck: config.depth.usesBottleneck,
        inChannels: width / 2 * config.options.expansion, outChannels: width * config.options.expansion,
        averageDown: false, config.options))
    (evaluatesNorm, initialization) = (config.evaluatesNorm, config.initialization)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { layer(x) }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    if isTraining && evaluatesNorm { evaluateBatchNorms() }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension Registries {
  /// Layers that the heads of a second stage share (`shared_head`).
  public var sharedHeads: Registry<SharedResLayer> {
    get { self[SharedResLayer.self, role: "shared head"] }
    set { self[SharedResLayer.self, role: "shared head"] = newValue }
  }
}
