import Core
import PyConfig

/// A plain stack of 3x3 convolutions, trained with 1x1 and identity branches beside each.
///
/// Ding et al., 2021 (<https://arxiv.org/abs/2101.03697>). Mirrors mmcls's `RepVGG`; with `deploy` the branches are one
/// convolution.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: the stages in `outIndices`; stage `i` is `[N, channels_i, H / 2^(i + 2), W / 2^(i + 2)]`.
public final class RepVGG: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    var design: RepVGGDesign
    public var inChannels: Int
    public var baseChannels: Int
    public var outIndices: [Int]
    public var strides, dilations: [Int]
    public var frozenStages: Int
    public var conv: ConvConfig
    public var norm: NormConfig
    public var activation: ActivationConfig
    /// Whether each block is the one convolution that its branches add up to.
    public var isDeployed: Bool
    public var evaluatesNorm: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      design = try reader.value("arch")
      inChannels = try reader.value("in_channels", default: 3)
      baseChannels = try reader.value("base_channels", default: 64)
      guard inChannels > 0, (1...4096).contains(baseChannels) else {
        throw reader.invalid(
          "in_channels and base_channels must be positive, found \(inChannels), \(baseChannels)")
      }
      let count = design.blocks.count
      outIndices = try reader.value("out_indices", default: [3])
      guard !outIndices.isEmpty, outIndices.allSatisfy((0..<count).contains) else {
        throw reader.invalid("must be in 0..<\(count), found \(outIndices)", key: "out_indices")
      }
      strides = try reader.value("strides", default: [2, 2, 2, 2])
      dilations = try reader.value("dilations", default: [1, 1, 1, 1])
      guard strides.count == count, dilations.count == count, (strides + dilations).allSatisfy({ $0 > 0 })
      else {
        throw reader.invalid(
          "must have a positive stride and dilation for each of \(count) stages, found \(strides), \(dilations)",
          key: "strides")
      }
      frozenStages = try reader.value("frozen_stages", default: -1)
      conv = try reader.optional("conv_cfg") ?? .plain
      norm = try reader.value("norm_cfg", default: .batchNorm)
      activation = try reader.value("act_cfg", default: .relu)
      isDeployed = try reader.value("deploy", default: false)
      evaluatesNorm = try reader.value("norm_eval", default: false)
      guard try reader.value("add_ppf", default: false) == false else {
        throw reader.invalid(
          "must be False: the pooling pyramid of YOLOX-PAI is not part of this suite", key: "add_ppf")
      }
      initialization = try reader.initialization(
        default: [.kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"])])
      reader.ignore("with_cp")
    }
  }

  private let config: Config
  let stem: RepVGGBlock
  @Named var stage1: Sequential
  @Named var stage2: Sequential?
  @Named var stage3: Sequential?
  @Named var stage4: Sequential?
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let design = config.design
    let channels = Self.channels(config)
    var width = channels[0]
    stem = RepVGGBlock(config.inChannels, width, stride: 2, dilation: 1, groups: 1, config)
    var stages: [Sequential] = []
    var shapes: [FeatureShape] = []
    // Blocks are counted through, the stem as 0.
    var (block, totalStride) = (1, 2)
    for (index, blocks) in design.blocks.enumerated() {
      let out = channels[index + 1]
      stages.append(
        Sequential(
          (0..<blocks).map { i in
            defer { (width, block) = (out, block + 1) }
            return RepVGGBlock(
              width, out, stride: i == 0 ? config.strides[index] : 1, dilation: config.dilations[index],
              groups: block % 2 == 0 && block <= 26 ? design.groups : 1, config)
          }))
      totalStride *= config.strides[index]
      shapes.append(FeatureShape(channels: out, stride: totalStride))
    }
    _stage1 = Named("stage_1", stages[0])
    _stage2 = Named("stage_2", stages.count > 1 ? stages[1] : nil)
    _stage3 = Named("stage_3", stages.count > 2 ? stages[2] : nil)
    _stage4 = Named("stage_4", stages.count > 3 ? stages[3] : nil)
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
    super.init()
    freezeStages()
  }

  /// Channels behind the stem and behind each stage.
  static func channels(_ config: Config) -> [Int] {
    let stages = config.design.widths.enumerated().map { Int(Double(config.baseChannels << $0) * $1) }
    return [min(config.design.stemChannels, stages[0])] + stages
  }

  private var stages: [Sequential] { [stage1, stage2, stage3, stage4].compactMap { $0 } }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = stem(x)
    var features: [Tensor] = []
    for (index, stage) in stages.enumerated() {
      x = stage(x)
      if config.outIndices.contains(index) { features.append(x) }
    }
    return features
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  private func freezeStages() {
    guard config.frozenStages >= 0 else { return }
    stem.freeze()
    for stage in stages.prefix(config.frozenStages) { stage.freeze() }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public var initialization: [InitConfig] { config.initialization }
}

/// What makes up a RepVGG: the `arch` of a config, by its name.
struct RepVGGDesign: ConfigDecodable, Sendable {
  /// Blocks of each stage.
  var blocks: [Int]
  /// What the channels of each stage are multiplied by.
  var widths: [Double]
  /// Groups of every second block, up to block 26.
  var groups = 1
  var stemChannels = 64
  /// Ratio and divisor of squeeze and excitation.
  var squeeze: (ratio: Int, divisor: Int)?

  init(_ blocks: [Int], _ widths: [Double], groups: Int = 1) {
    (self.blocks, self.widths, self.groups) = (blocks, widths, groups)
  }

  private static let known: [String: RepVGGDesign] = {
    let (a, b) = ([2, 4, 14, 1], [4, 6, 16, 1])
    var known = [
      "A0": RepVGGDesign(a, [0.75, 0.75, 0.75, 2.5]), "A1": RepVGGDesign(a, [1, 1, 1, 2.5]),
      "A2": RepVGGDesign(a, [1.5, 1.5, 1.5, 2.75]), "B0": RepVGGDesign(b, [1, 1, 1, 2.5]),
    ]
    for (name, widths) in [("B1", [2, 2, 2, 4]), ("B2", [2.5, 2.5, 2.5, 5]), ("B3", [3, 3, 3, 5])] {
      for (suffix, groups) in [("", 1), ("g2", 2), ("g4", 4)] {
        known[name + suffix] = RepVGGDesign(b, widths, groups: groups)
      }
    }
    var large = RepVGGDesign([8, 14, 24, 1], [2.5, 2.5, 2.5, 5])
    large.squeeze = (16, 1)
    known["D2se"] = large
    var small = RepVGGDesign([3, 5, 7, 3], [1, 1, 1, 1])
    small.stemChannels = 32
    known["yolox-pai-small"] = small
    return known
  }()

  init(from node: ConfigNode, at path: String) throws {
    let name = try String(from: node, at: path)
    guard let design = Self.known[name] else {
      throw BuildError(
        .unknownName(name, role: "RepVGG", known: Self.known.keys.sorted()), path: path,
        location: node.location)
    }
    self = design
  }
}

/// A 3x3 and a 1x1 convolution and, where the shape stays, the identity, each with its normalisation, added and activated.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
final class RepVGGBlock: Module, UnaryModule {
  let branchReparam: Conv2d?
  let branchNorm: (any NormLayer)?
  @Named var branch3x3: Branch?
  @Named var branch1x1: Branch?
  let seLayer: SELayer?
  let act: any UnaryModule
  private let activation: FusedActivation?

  /// A convolution and its normalisation.
  final class Branch: Module {
    let conv: Conv2d
    let norm: any NormLayer

    init(_ conv: Conv2d, _ norm: any NormLayer) { (self.conv, self.norm) = (conv, norm) }
  }

  init(
    _ inChannels: Int, _ outChannels: Int, stride: Int, dilation: Int, groups: Int, _ config: RepVGG.Config
  ) {
    func conv(_ kernel: Pair, _ padding: Int, _ dilation: Int, bias: Bool) -> Conv2d {
      config.conv.make(
        inChannels, outChannels, kernel: kernel, stride: Pair(stride), padding: Pair(padding),
        dilation: Pair(dilation), groups: groups, bias: bias)
    }
    branchReparam = config.isDeployed ? conv(3, dilation, dilation, bias: true) : nil
    let keepsShape = inChannels == outChannels && stride == 1
    branchNorm = !config.isDeployed && keepsShape ? config.norm.make(inChannels) : nil
    _branch3x3 = Named(
      "branch_3x3",
      config.isDeployed
        ? nil : Branch(conv(3, dilation, dilation, bias: false), config.norm.make(outChannels)))
    _branch1x1 = Named(
      "branch_1x1",
      config.isDeployed ? nil : Branch(conv(1, 0, 1, bias: false), config.norm.make(outChannels)))
    seLayer = config.design.squeeze.map { SELayer(outChannels, ratio: $0.ratio, divisor: $0.divisor) }
    act = config.activation.make()
    activation = config.activation.fused
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    // The last addition and the activation go along with a convolution where nothing stands between.
    let fused = seLayer == nil ? activation : nil
    let y: Tensor
    if let branchReparam {
      y = branchReparam(x, norm: nil, activation: fused ?? .none)
    } else if let branch3x3, let branch1x1 {
      let identity = branchNorm.map { $0(x) }
      let small = branch1x1.conv(x, norm: branch1x1.norm, residual: identity)
      y = branch3x3.conv(x, norm: branch3x3.norm, residual: small, activation: fused ?? .none)
    } else {
      preconditionFailure("RepVGGBlock: either one convolution or two branches")
    }
    if fused != nil { return y }
    return act(seLayer.map { $0(y) } ?? y)
  }
}
