import Core
import PyConfig

/// Darknet with cross stage partial layers, the backbone of YOLOv5 and YOLOX.
///
/// Ge et al., "YOLOX", 2021 (<https://arxiv.org/abs/2107.08430>). Mirrors mmdet's `CSPDarknet`.
///
/// - Input: `[N, 3, H, W]` with even sides
/// - Output: the stages in `outIndices`; stage `i` is `[N, channels_i, H / 2^(i + 1), W / 2^(i + 1)]`.
final class CSPDarknet: Module, Backbone, ConfiguredModule {
  /// A row of `arch_settings`.
  struct Stage: ConfigDecodable, Sendable {
    var inChannels, outChannels, blocks: Int
    var addsIdentity: Bool
    /// Whether it pools at several scales.
    var pools: Bool

    init(_ inChannels: Int, _ outChannels: Int, _ blocks: Int, _ addsIdentity: Bool, _ pools: Bool) {
      (self.inChannels, self.outChannels, self.blocks) = (inChannels, outChannels, blocks)
      (self.addsIdentity, self.pools) = (addsIdentity, pools)
    }

    init(from node: ConfigNode, at path: String) throws {
      guard let items = node.items, items.count == 5 else {
        throw BuildError(
          .wrongType(
            expected: "in_channels, out_channels, num_blocks, add_identity, use_spp", found: node.summary),
          path: path, location: node.location)
      }
      self.init(
        try Int(from: items[0], at: path), try Int(from: items[1], at: path),
        try Int(from: items[2], at: path),
        try Bool(from: items[3], at: path), try Bool(from: items[4], at: path))
    }
  }

  enum Architecture: String, Sendable, CaseIterable, ConfigDecodable {
    case p5 = "P5"
    case p6 = "P6"

    var stages: [Stage] {
      switch self {
      case .p5:
        [
          Stage(64, 128, 3, true, false), Stage(128, 256, 9, true, false), Stage(256, 512, 9, true, false),
          Stage(512, 1024, 3, false, true),
        ]
      case .p6:
        [
          Stage(64, 128, 3, true, false), Stage(128, 256, 9, true, false), Stage(256, 512, 9, true, false),
          Stage(512, 768, 3, true, false), Stage(768, 1024, 3, false, true),
        ]
      }
    }
  }

  struct Config: ConfigRecord, Sendable {
    /// Scaled.
    var stages: [Stage]
    var outIndices: [Int]
    /// Layers up to this one (0: the stem) are not trained; -1 freezes nothing.
    var frozenStages: Int
    var isSeparable: Bool
    var poolKernels: [Int]
    var style: ConvStyle
    var evaluatesNorm: Bool
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      stages = try reader.value("arch", default: Architecture.p5).stages
      // The option's name is the original's.
      if let own: [Stage] = try reader.optional("arch_ovewrite"), !own.isEmpty { stages = own }
      let deepen = try reader.value("deepen_factor", default: 1.0)
      let widen = try reader.value("widen_factor", default: 1.0)
      guard deepen >= 0, deepen <= 64, widen > 0, widen <= 64, stages.count <= 16 else {
        throw reader.invalid(
          "deepen_factor and widen_factor must be positive and at most 64, found \(deepen), \(widen)")
      }
      for index in stages.indices {
        let stage = stages[index]
        guard [stage.inChannels, stage.outChannels, stage.blocks].allSatisfy({ (1...65536).contains($0) })
        else {
          throw reader.invalid(
            "channels and blocks must be in 1...65536, found \(stage)", key: "arch_ovewrite")
        }
        stages[index].inChannels = Int(Double(stage.inChannels) * widen)
        stages[index].outChannels = Int(Double(stage.outChannels) * widen)
        stages[index].blocks = max(Int((Double(stage.blocks) * deepen).rounded(.toNearestOrEven)), 1)
        guard stages[index].inChannels > 0, stages[index].outChannels > 1 else {
          throw reader.invalid("must leave at least two channels, found \(widen)", key: "widen_factor")
        }
      }
      outIndices = try reader.outIndices(default: [2, 3, 4], count: stages.count + 1)
      frozenStages = try reader.frozenStages(default: -1, in: -1...stages.count)
      isSeparable = try reader.value("use_depthwise", default: false)
      poolKernels = try reader.value("spp_kernal_sizes", default: [5, 9, 13])
      guard poolKernels.allSatisfy({ (1...255).contains($0) && $0 % 2 == 1 }) else {
        throw reader.invalid("must be odd numbers in 1...255, found \(poolKernels)", key: "spp_kernal_sizes")
      }
      style = try ConvStyle(from: &reader, norm: CSPDarknet.standardNorm, activation: .function(.silu))
      evaluatesNorm = try reader.value("norm_eval", default: false)
      initialization = try reader.initialization(default: [
        InitConfig(.kaiming(a: 5.0.squareRoot(), .fanIn, .leakyReLU, .uniform), layers: ["Conv2d"])
      ])
      let channels = stages.flatMap { [$0.inChannels, $0.outChannels, $0.outChannels / 2] }
      try style.check(channels: channels)
      try style.conv.check(channels: [12] + channels)
    }
  }

  /// Batch normalisation with `momentum` 0.03 and `eps` 1e-3.
  static let standardNorm: NormConfig = {
    var norm = NormConfig.batchNorm
    (norm.momentum, norm.eps) = (0.03, 1e-3)
    return norm
  }()

  private let config: Config
  let stem: Focus
  private let stages: Stages
  let outputs: [FeatureShape]

  /// The stages under their keys. No module itself.
  private final class Stages {
    let all: [Sequential]
    init(_ all: [Sequential]) { self.all = all }
  }

  init(_ config: Config) {
    self.config = config
    let style = config.style
    var shapes = [FeatureShape(channels: config.stages[0].inChannels, stride: 2)]
    stem = Focus(3, config.stages[0].inChannels, kernel: 3, style)
    stages = Stages(
      config.stages.enumerated().map { index, stage in
        shapes.append(FeatureShape(channels: stage.outChannels, stride: 4 << index))
        var layers: [any UnaryModule] = [
          style.make(
            stage.inChannels, stage.outChannels, kernel: 3, stride: 2, padding: 1,
            isSeparable: config.isSeparable)
        ]
        if stage.pools {
          layers.append(
            SPPBottleneck(stage.outChannels, stage.outChannels, kernels: config.poolKernels, style))
        }
        layers.append(
          CSPLayer(
            stage.outChannels, stage.outChannels, blocks: stage.blocks, addsIdentity: stage.addsIdentity,
            isSeparable: config.isSeparable, style: style))
        return Sequential(layers)
      })
    outputs = shapes.indices.filter(config.outIndices.contains).map { shapes[$0] }
  }

  override var listedChildren: [(key: String, module: Module)] {
    stages.all.enumerated().map { ("stage\($0 + 1)", $1) }
  }

  /// The first kernel sees four pixels as channels of one.
  var imageChannels: Int? { stem.inChannels }

  private var layers: [any UnaryModule] { [stem] + stages.all }

  func callAsFunction(_ x: Tensor) -> [Tensor] { x.features(layers, at: config.outIndices) }

  override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    // Only `train` freezes, as in the original.
    for layer in layers.prefix(config.frozenStages + 1) { layer.freeze() }
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  var initialization: [InitConfig] { config.initialization }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// Puts each block of 2x2 pixels into the channels of one, then convolves. Mirrors mmdet's `Focus`.
///
/// - Input: `[N, inChannels, H, W]` with even sides
/// - Output: `[N, outChannels, H / 2, W / 2]`
final class Focus: Module, UnaryModule {
  let conv: ConvModule
  let inChannels: Int

  init(_ inChannels: Int, _ outChannels: Int, kernel: Int, _ style: ConvStyle) {
    self.inChannels = inChannels
    conv = style.make(inChannels * 4, outChannels, kernel: Pair(kernel), padding: Pair((kernel - 1) / 2))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (height, width) = (x.shape[2], x.shape[3])
    if height % 2 != 0 || width % 2 != 0 {
      InputFault.report(
        "Focus: images must have even sides, found \(height)x\(width); Pad takes a size_divisor")
      return conv(.zeros([x.shape[0], 4 * x.shape[1], (height + 1) / 2, (width + 1) / 2]))
    }
    /// Every second row and column from the given ones on.
    func patch(_ row: Int, _ column: Int) -> Tensor {
      x.sliced(2, row..<height, step: 2).sliced(3, column..<width, step: 2)
    }
    return conv(Tensor.concatenate([patch(0, 0), patch(1, 0), patch(0, 1), patch(1, 1)], axis: 1))
  }
}

/// Largest values around each pixel at several scales, side by side. Mirrors mmdet's `SPPBottleneck`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H, W]`
final class SPPBottleneck: Module, UnaryModule {
  let conv1: ConvModule
  let conv2: ConvModule
  private let kernels: [Int]

  init(_ inChannels: Int, _ outChannels: Int, kernels: [Int], _ style: ConvStyle) {
    conv1 = style.make(inChannels, inChannels / 2, kernel: 1)
    conv2 = style.make(inChannels / 2 * (kernels.count + 1), outChannels, kernel: 1)
    self.kernels = kernels
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = conv1(x)
    return conv2(
      Tensor.concatenate(
        [y] + kernels.map { y.maxPool2d(Pair($0), stride: 1, padding: Pair($0 / 2)) }, axis: 1))
  }
}
