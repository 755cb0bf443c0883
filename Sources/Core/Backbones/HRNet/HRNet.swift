/// A network that keeps a high resolution beside lower ones and lets them exchange.
///
/// Sun et al., 2019 (<https://arxiv.org/abs/1904.04514>). One class serves all suites.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: a map for each branch of the last stage, branch `i` being `[N, channels_i, H / 2^(i + 2), W / 2^(i + 2)]`;
///   the first one only without `multiscaleOutput`.
public final class HRNet: Module, Backbone, ConfiguredModule {
  /// What one of the four stages is made of.
  public struct Stage: Sendable {
    public var modules: Int
    public var usesBottleneck: Bool
    /// Blocks of each branch.
    public var blocks: [Int]
    /// Channels of each branch, before the widening of bottlenecks.
    public var channels: [Int]

    public init(modules: Int, usesBottleneck: Bool, blocks: [Int], channels: [Int]) {
      (self.modules, self.usesBottleneck, self.blocks, self.channels) = (
        modules, usesBottleneck, blocks, channels
      )
    }

    public var outChannels: [Int] { channels.map { $0 * (usesBottleneck ? 4 : 1) } }
  }

  public struct Config: Sendable {
    public var stages: [Stage] = []
    public var inChannels = 3
    public var conv = ConvConfig.plain
    public var norm = NormConfig.batchNorm
    public var evaluatesNorm = false
    public var zeroInitResidual = false
    public var multiscaleOutput = true
    /// Stages up to this one (0: only the stem) are not trained; -1 freezes nothing.
    public var frozenStages = -1
    /// mmseg enlarges maps bilinearly, the others repeat pixels.
    public var interpolation = InterpolationMode.nearest
    /// mmcls builds the first stage with plain convolutions and batch normalisation, whatever the config says, and starts
    /// each new branch from the branch of its own number.
    public var followsMMCls = false
    public var initialization: [InitConfig] = [
      .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
    ]

    public init() {}
  }

  private let config: Config
  let conv1: Conv2d
  @Named var norm1: any NormLayer
  let conv2: Conv2d
  @Named var norm2: any NormLayer
  let layer1: Sequential
  // A branch that goes on as it is has an empty row.
  let transition1: ModuleList<Sequential>
  let stage2: ModuleList<HRModule>
  let transition2: ModuleList<Sequential>
  let stage3: ModuleList<HRModule>
  let transition3: ModuleList<Sequential>
  let stage4: ModuleList<HRModule>
  public let outputs: [FeatureShape]

  /// - Throws: `InvalidConfig` where the options do not go together.
  public init(_ config: Config) throws {
    try config.check()
    self.config = config
    conv1 = config.conv.make(config.inChannels, 64, kernel: 3, stride: 2, padding: 1, bias: false)
    _norm1 = config.norm.named(64, suffix: "1")
    conv2 = config.conv.make(64, 64, kernel: 3, stride: 2, padding: 1, bias: false)
    _norm2 = config.norm.named(64, suffix: "2")
    let first = config.stages[0]
    var options = ResidualBlockOptions()
    if !config.followsMMCls { (options.conv, options.norm) = (config.conv, config.norm) }
    options.expansion = first.usesBottleneck ? 4 : 1
    layer1 = ResLayer.make(
      blocks: first.blocks[0], usesBottleneck: first.usesBottleneck, inChannels: 64,
      outChannels: first.outChannels[0], averageDown: false, options)
    var widths = [first.outChannels[0]]
    func transition(to stage: Stage) -> ModuleList<Sequential> {
      defer { widths = stage.outChannels }
      return Self.transition(from: widths, to: stage.outChannels, config)
    }
    func modules(_ stage: Stage, isLast: Bool) -> ModuleList<HRModule> {
      ModuleList(
        (0..<stage.modules).map { index in
          let isSingle = isLast && !config.multiscaleOutput && index == stage.modules - 1
          return HRModule(stage, outBranches: isSingle ? 1 : stage.channels.count, config)
        })
    }
    transition1 = transition(to: config.stages[1])
    stage2 = modules(config.stages[1], isLast: false)
    transition2 = transition(to: config.stages[2])
    stage3 = modules(config.stages[2], isLast: false)
    transition3 = transition(to: config.stages[3])
    stage4 = modules(config.stages[3], isLast: true)
    outputs = widths.prefix(config.multiscaleOutput ? widths.count : 1).enumerated().map {
      FeatureShape(channels: $1, stride: 4 << $0)
    }
    super.init()
    freezeStages()
  }

  /// From the branches of one stage to those of the next: new widths, and new branches at lower resolutions.
  private static func transition(from old: [Int], to new: [Int], _ config: Config) -> ModuleList<Sequential> {
    func unit(_ inChannels: Int, _ outChannels: Int, stride: Int) -> [any UnaryModule] {
      [
        config.conv.make(inChannels, outChannels, kernel: 3, stride: Pair(stride), padding: 1, bias: false),
        config.norm.make(outChannels), ReLU(),
      ]
    }
    return ModuleList(
      new.indices.map { branch in
        if branch < old.count {
          return Sequential(new[branch] == old[branch] ? [] : unit(old[branch], new[branch], stride: 1))
        }
        let (from, steps) = (old[old.count - 1], branch + 1 - old.count)
        return Sequential(
          (0..<steps).map { Sequential(unit(from, $0 == steps - 1 ? new[branch] : from, stride: 2)) })
      })
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = conv1(x, norm: norm1, activation: .relu)
    x = conv2(x, norm: norm2, activation: .relu)
    var branches = [layer1(x)]
    for (transition, stage) in [(transition1, stage2), (transition2, stage3), (transition3, stage4)] {
      let last = branches[branches.count - 1]
      branches = transition.enumerated().map { index, layer in
        guard index < branches.count else { return layer(last) }
        if layer.count == 0 { return branches[index] }
        return layer(config.followsMMCls ? branches[index] : last)
      }
      for module in stage { branches = module(branches) }
    }
    return branches
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  private func freezeStages() {
    guard config.frozenStages >= 0 else { return }
    for conv in [conv1, conv2] { conv.setRequiresGradient(false) }
    for norm in [norm1, norm2] { norm.freeze() }
    let stages: [[Module]] = [
      [layer1, transition1], [stage2, transition2], [stage3, transition3], [stage4],
    ]
    for part in stages.prefix(config.frozenStages).joined() { part.freeze() }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    guard config.zeroInitResidual, !startsFromFile else { return }
    // Those of the first stage are not meant.
    for stage in [stage2, stage3, stage4] {
      stage.forEachModule { _, module in (module as? any ResidualBlock)?.zeroInitializeResidual() }
    }
  }
}
