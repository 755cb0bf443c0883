import Core
import PyConfig

/// Classifies each pixel by all levels of a pyramid at once, and gives features for the heads of regions.
///
/// Chen et al., 2019, section 3.3 (<https://arxiv.org/abs/1901.07518>). Mirrors mmdet's `FusedSemanticHead`.
///
/// - Input: `inputs` levels `[N, inChannels, H_i, W_i]`
/// - Output: scores `[N, classes, H_f, W_f]` and features `[N, channels, H_f, W_f]` of the fusion level's size
public final class FusedSemanticHead: Module, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inputs, fusionLevel, convs, inChannels, channels, classes: Int
    public var style: ConvStyle
    public var loss: Component
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inputs = try reader.integer("num_ins", in: 1...64)
      fusionLevel = try reader.integer("fusion_level", in: 0...(inputs - 1))
      convs = try reader.integer("num_convs", default: 4, in: 0...100)
      inChannels = try reader.integer("in_channels", default: 256, in: 1...(1 << 20))
      channels = try reader.integer("conv_out_channels", default: 256, in: 1...(1 << 20))
      classes = try reader.integer("num_classes", default: 183, in: 1...1_000_000)
      style = ConvStyle(
        conv: try reader.optional("conv_cfg") ?? .plain, norm: try reader.optional("norm_cfg"),
        activation: .relu)
      loss = try reader.component(
        "loss_seg", default: ["type": "CrossEntropyLoss", "ignore_index": 255, "loss_weight": 0.2])
      // Older names of two of the loss's own keys, which count where they are not 0.
      if let label: Int = try reader.optional("ignore_label"), label != 0 {
        loss = loss.setting("ignore_index", to: .init(.int(label)))
      }
      if let weight: Double = try reader.optional("loss_weight"), weight != 0 {
        loss = loss.setting("loss_weight", to: .init(.float(weight)))
      }
      let he = InitConfig(.kaiming(a: 0, .fanOut, .relu, .normal))
      initialization = try reader.initialization(default: [
        InitConfig(he.rule, overrides: [("conv_logits", he)])
      ])
      let (style, widths) = (style, [inChannels, channels])
      try reader.checked { try style.check(channels: widths) }
    }
  }

  let lateralConvs: ModuleList<ConvModule>
  let convs: Sequential
  let convEmbedding: ConvModule
  let convLogits: Conv2d
  let criterion: any DetectionLoss
  public let config: Config

  /// - Parameter convs: the layers over the fused map, where they are of another kind.
  public init(_ config: Config, _ context: BuildContext, convs other: Sequential? = nil) throws {
    self.config = config
    let style = config.style
    lateralConvs = ModuleList(
      (0..<config.inputs).map { _ in style.make(config.inChannels, config.inChannels, kernel: 1) })
    convs =
      other
      ?? Sequential(
        (0..<config.convs).map {
          style.make($0 == 0 ? config.inChannels : config.channels, config.channels, kernel: 3, padding: 1)
        })
    convEmbedding = style.make(config.channels, config.channels, kernel: 1)
    convLogits = Conv2d(config.channels, config.classes, kernel: 1)
    criterion = try config.loss.build(context.registries.detectionLosses, context)
  }

  public func callAsFunction(_ levels: [Tensor]) -> (scores: Tensor, features: Tensor) {
    precondition(
      levels.count == config.inputs, "FusedSemanticHead: \(config.inputs) levels, found \(levels.count)")
    var x = lateralConvs[config.fusionLevel](levels[config.fusionLevel])
    let size = x.imageSize
    for (index, level) in levels.enumerated() where index != config.fusionLevel {
      x = x + lateralConvs[index](level.interpolate(size: size, mode: .bilinear, alignCorners: true))
    }
    x = convs(x)
    return (convLogits(x), convEmbedding(x))
  }

  /// - Parameter maps: class indices `[N, 1, H_f, W_f]`.
  func loss(_ scores: Tensor, _ maps: Tensor?) throws -> Tensor {
    guard let maps else {
      throw InvalidConfig("the pipeline must collect gt_semantic_seg for a semantic head")
    }
    let wanted = [scores.shape[0], 1, scores.shape[2], scores.shape[3]]
    guard maps.shape == wanted else {
      throw InvalidConfig(
        "gt_semantic_seg must have the size of the semantic head's output, \(wanted), found \(maps.shape); "
          + "see SegRescale's scale_factor")
    }
    let ignored = Int64(config.loss.node.dictionary?["ignore_index"]?.int ?? -100)
    if let wrong = maps.elements(as: Int64.self).first(where: {
      $0 != ignored && !(0..<Int64(config.classes)).contains($0)
    }) {
      throw InvalidConfig(
        "gt_semantic_seg must hold classes below \(config.classes) or \(ignored), found \(wrong)")
    }
    return try criterion(scores, labels: maps.reshaped([wanted[0], wanted[2], wanted[3]]))
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// The embedding, a `ConvModule` of its own, starts by its common rule whatever `init_cfg` says.
  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    convEmbedding.initializeWeights(using: &generator)
  }
}

extension Registries {
  /// Semantic heads of second stages (`roi_head.semantic_head`).
  public var roiSemanticHeads: Registry<FusedSemanticHead> {
    get { self[FusedSemanticHead.self, role: "semantic head"] }
    set { self[FusedSemanticHead.self, role: "semantic head"] = newValue }
  }
}
