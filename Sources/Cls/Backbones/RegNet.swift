import Core
import Foundation
import PyConfig

/// A residual network whose widths follow a line, quantised: the RegNetX family.
///
/// Radosavovic et al., 2020, section 3 (<https://arxiv.org/abs/2003.13678>). Mirrors mmcls's `RegNet`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: the stages in `outIndices`; stage `i` is `[N, widths[i], H / 2^(i + 2), W / 2^(i + 2)]`.
public final class RegNet: Module, Backbone {
  public struct Config: ConfigRecord, Sendable {
    public var stages: [RegNetStage]
    public var inChannels: Int
    public var stemChannels: Int
    public var strides, dilations: [Int]
    public var outIndices: [Int]
    public var style: ResNet.Style
    public var averageDown: Bool
    public var frozenStages: Int
    public var conv: ConvConfig
    public var norm: NormConfig
    public var evaluatesNorm: Bool
    public var zeroInitResidual: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      stages = try reader.value("arch", as: RegNetDesign.self).stages
      inChannels = try reader.value("in_channels", default: 3)
      stemChannels = try reader.value("stem_channels", default: 32)
      guard inChannels > 0, stemChannels > 0 else {
        throw reader.invalid("in_channels and stem_channels must be positive, found \(inChannels), \(stemChannels)")
      }
      strides = try reader.value("strides", default: [2, 2, 2, 2])
      dilations = try reader.value("dilations", default: [1, 1, 1, 1])
      guard strides.count == stages.count, dilations.count == stages.count, (strides + dilations).allSatisfy({ $0 > 0 })
      else {
        throw reader.invalid(
          "must have a positive stride and dilation for each of \(stages.count) stages, found \(strides), \(dilations)",
          key: "strides")
      }
      outIndices = try reader.value("out_indices", default: [3])
      guard !outIndices.isEmpty, outIndices.allSatisfy(stages.indices.contains) else {
        throw reader.invalid("must be in 0..<\(stages.count), found \(outIndices)", key: "out_indices")
      }
      style = try reader.value("style", default: .pytorch)
      guard try reader.value("deep_stem", default: false) == false else {
        throw reader.invalid("must be False: there is no deep stem", key: "deep_stem")
      }
      averageDown = try reader.value("avg_down", default: false)
      frozenStages = try reader.value("frozen_stages", default: -1)
      conv = try reader.optional("conv_cfg") ?? .plain
      norm = try reader.value("norm_cfg", default: .batchNorm)
      evaluatesNorm = try reader.value("norm_eval", default: false)
      zeroInitResidual = try reader.value("zero_init_residual", default: true)
      initialization = try reader.initialization(default: [])
      // Recomputing saves memory; the width behind the stem is `stem_channels`, whatever `base_channels` says.
      reader.ignore("with_cp", "base_channels")
    }
  }

  private let config: Config
  let conv1: Conv2d
  @Named var norm1: any NormLayer
  let layer1: Sequential
  let layer2, layer3, layer4: Sequential?
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    conv1 = config.conv.make(config.inChannels, config.stemChannels, kernel: 3, stride: 2, padding: 1, bias: false)
    _norm1 = config.norm.named(config.stemChannels, suffix: "1")
    var layers: [Sequential] = []
    var shapes: [FeatureShape] = []
    var (width, stride) = (config.stemChannels, 2)
    for (index, stage) in config.stages.enumerated() {
      var options = ResidualBlockOptions()
      (options.stride, options.dilation) = (config.strides[index], config.dilations[index])
      (options.style, options.conv, options.norm) = (config.style, config.conv, config.norm)
      (options.groups, options.widthPerGroup, options.baseChannels) = (stage.groups, stage.groupWidth, stage.width)
      layers.append(
        ResLayer.make(
          blocks: stage.blocks, usesBottleneck: true, inChannels: width, outChannels: stage.width,
          averageDown: config.averageDown, options))
      (width, stride) = (stage.width, stride * config.strides[index])
      shapes.append(FeatureShape(channels: width, stride: stride))
    }
    layer1 = layers[0]
    layer2 = layers.count > 1 ? layers[1] : nil
    layer3 = layers.count > 2 ? layers[2] : nil
    layer4 = layers.count > 3 ? layers[3] : nil
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
    super.init()
    freezeStages()
  }

  private var layers: [Sequential] { [layer1, layer2, layer3, layer4].compactMap { $0 } }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = conv1(x, norm: norm1, activation: .relu)
    var features: [Tensor] = []
    for (index, layer) in layers.enumerated() {
      x = layer(x)
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
    conv1.setRequiresGradient(false)
    norm1.freeze()
    for layer in layers.prefix(config.frozenStages) { layer.freeze() }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    for rule in config.initialization { rule.apply(to: self, using: &generator) }
    guard config.zeroInitResidual, !config.initialization.contains(where: \.isPretrained) else { return }
    forEachModule { _, module in (module as? any ResidualBlock)?.zeroInitializeResidual() }
  }
}

/// Blocks of one width.
public struct RegNetStage: Sendable, Equatable {
  public var width: Int
  public var blocks: Int
  /// Of the 3x3 convolutions.
  public var groups: Int
  /// Channels of a group.
  public var groupWidth: Int
}

/// The six numbers of a RegNet: `arch`, a name or `dict(w0=..., wa=..., wm=..., group_w=..., depth=..., bot_mul=...)`.
struct RegNetDesign: ConfigDecodable {
  /// Width of the first block, slope of the width, base of its quantisation.
  var initialWidth: Int
  var slope, base: Double
  var groupWidth: Int
  var depth: Int
  /// Width of the middle of a block as a share of the block's.
  var bottleneckRatio: Double

  private static let known: [String: RegNetDesign] = [
    "regnetx_400mf": RegNetDesign(24, 24.48, 2.54, 16, 22), "regnetx_800mf": RegNetDesign(56, 35.73, 2.28, 16, 16),
    "regnetx_1.6gf": RegNetDesign(80, 34.01, 2.25, 24, 18), "regnetx_3.2gf": RegNetDesign(88, 26.31, 2.25, 48, 25),
    "regnetx_4.0gf": RegNetDesign(96, 38.65, 2.43, 40, 23), "regnetx_6.4gf": RegNetDesign(184, 60.83, 2.07, 56, 17),
    "regnetx_8.0gf": RegNetDesign(80, 49.56, 2.88, 120, 23), "regnetx_12gf": RegNetDesign(168, 73.36, 2.37, 112, 19),
  ]

  private init(_ w0: Int, _ wa: Double, _ wm: Double, _ group: Int, _ depth: Int) {
    (initialWidth, slope, base, groupWidth, self.depth, bottleneckRatio) = (w0, wa, wm, group, depth, 1)
  }

  init(from node: ConfigNode, at path: String) throws {
    if let name = node.string {
      guard let design = Self.known[name] else {
        throw BuildError(
          .unknownName(name, role: "RegNet", known: Self.known.keys.sorted()), path: path, location: node.location)
      }
      self = design
      return
    }
    var reader = try ConfigReader(node, path: path)
    initialWidth = try reader.value("w0")
    slope = try reader.value("wa")
    base = try reader.value("wm")
    groupWidth = try reader.value("group_w")
    depth = try reader.value("depth")
    bottleneckRatio = try reader.value("bot_mul")
    guard initialWidth > 0, initialWidth % 8 == 0, initialWidth <= 1 << 14, (0...1000).contains(slope), base > 1,
      groupWidth > 0, (1...1000).contains(depth), bottleneckRatio > 0, bottleneckRatio <= 16
    else {
      throw reader.invalid(
        "w0 must be a positive multiple of 8, wa not negative, wm above 1, group_w, depth and bot_mul positive, found "
          + "\(initialWidth), \(slope), \(base), \(groupWidth), \(depth), \(bottleneckRatio)")
    }
    guard (1...4).contains(stages.count) else {
      throw reader.invalid("must give 1 to 4 stages, found \(stages.count)")
    }
    try reader.finish()
  }

  /// Blocks of equal width, one behind the other, with widths that their groups divide.
  var stages: [RegNetStage] {
    let start = Double(initialWidth)
    var stages: [RegNetStage] = []
    for block in 0..<depth {
      let k = (log((Double(block) * slope + start) / start) / log(base)).rounded(.toNearestOrEven)
      let width = Int((start * pow(base, k) / 8).rounded(.toNearestOrEven) * 8)
      if stages.last?.width == width {
        stages[stages.count - 1].blocks += 1
      } else {
        stages.append(RegNetStage(width: width, blocks: 1, groups: 1, groupWidth: groupWidth))
      }
    }
    return stages.map { stage in
      let middle = Int(Double(stage.width) * bottleneckRatio)
      let group = max(1, min(groupWidth, middle))
      let fitted = Int((Double(middle) / Double(group)).rounded(.toNearestOrEven)) * group
      let width = Int(Double(fitted) / bottleneckRatio)
      let groups = Int((Double(width) * bottleneckRatio).rounded(.toNearestOrEven)) / group
      return RegNetStage(width: width, blocks: stage.blocks, groups: groups, groupWidth: group)
    }
  }
}
