/// VGG of Simonyan and Zisserman, 2014 (<https://arxiv.org/abs/1409.1556>), with or without batch normalisation.
///
/// - Input: `[N, 3, H, W]`
/// - Output: the stages in `outIndices` (stage `i` after its pooling), and, with `classes`, the scores `[N, classes]`
///   last, for which the input must be 224x224.
public final class VGG: Module, ScoringBackbone, ConfiguredModule {
  public struct Config: Sendable {
    public var depth = 16
    /// 0 or below: no classifier.
    public var classes = -1
    public var stages = 5
    public var dilations = [1, 1, 1, 1, 1]
    public var outIndices: [Int]?
    public var frozenStages = -1
    public var conv = ConvConfig.plain
    public var norm: NormConfig?
    public var activation = ActivationConfig.relu
    public var evaluatesNorm = false
    public var ceilMode = false
    public var hasLastPool = true
    public var initialization: [InitConfig] = [
      .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm"]),
      .normal(std: 0.01, layers: ["Linear"]),
    ]

    public init() {}

    /// Convolutions of each stage by depth.
    public static let blocks: [Int: [Int]] = [
      11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4],
    ]
  }

  public let config: Config
  let features: Sequential
  let classifier: Sequential?
  /// The layers of `features` that make up each stage.
  private let ranges: [Range<Int>]
  private let outIndices: [Int]

  public init(_ config: Config) throws {
    guard let blocks = Config.blocks[config.depth] else {
      throw InvalidConfig("depth must be one of 11, 13, 16, 19, found \(config.depth)")
    }
    guard (1...5).contains(config.stages), config.dilations.count == config.stages else {
      throw InvalidConfig(
        "num_stages must be 1 to 5 with one dilation each, found \(config.stages) and \(config.dilations)")
    }
    guard config.classes <= 0 || config.stages > 3 else {
      throw InvalidConfig("num_classes needs a num_stages of 4 or 5, found \(config.stages)")
    }
    outIndices = config.outIndices ?? [config.classes > 0 ? 5 : 4]
    guard outIndices.allSatisfy({ (0...config.stages).contains($0) }) else {
      throw InvalidConfig("out_indices must be in 0...\(config.stages), found \(outIndices)")
    }
    guard config.frozenStages <= config.stages else {
      throw InvalidConfig(
        "frozen_stages must be at most the number of stages, \(config.stages), found \(config.frozenStages)")
    }
    guard config.dilations.allSatisfy({ (1...1024).contains($0) }) else {
      throw InvalidConfig("dilations must be in 1...1024, found \(config.dilations)")
    }
    try config.norm?.check(channels: [64, 128, 256, 512])
    self.config = config
    var layers: [any UnaryModule] = []
    var ranges: [Range<Int>] = []
    var width = 3
    for stage in 0..<config.stages {
      let (start, out) = (layers.count, stage < 4 ? 64 << stage : 512)
      for _ in 0..<blocks[stage] {
        layers.append(
          ConvModule(
            width, out, kernel: 3, padding: Pair(config.dilations[stage]),
            dilation: Pair(config.dilations[stage]),
            bias: true, conv: config.conv, norm: config.norm, activation: config.activation))
        width = out
      }
      layers.append(MaxPool2d(2, stride: 2, ceilMode: config.ceilMode))
      ranges.append(start..<layers.count)
    }
    if !config.hasLastPool, let last = ranges.last {
      layers.removeLast()
      ranges[ranges.count - 1] = last.lowerBound..<(last.upperBound - 1)
    }
    features = Sequential(layers)
    self.ranges = ranges
    classifier =
      config.classes > 0
      ? Sequential([
        Linear(512 * 7 * 7, 4096), Activation(.relu), Dropout(0.5), Linear(4096, 4096), Activation(.relu),
        Dropout(0.5), Linear(4096, config.classes),
      ]) : nil
  }

  public var classes: Int? { config.classes > 0 ? config.classes : nil }

  /// The classifier takes feature maps of 7x7.
  public var acceptedSides: ClosedRange<Int>? {
    guard classes != nil else { return nil }
    let stride = 1 << (config.hasLastPool ? config.stages : config.stages - 1)
    return config.ceilMode ? (6 * stride + 1)...(7 * stride) : (7 * stride)...(8 * stride - 1)
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = x
    var results: [Tensor] = []
    for (stage, range) in ranges.enumerated() {
      for index in range { x = features[index](x) }
      if outIndices.contains(stage) { results.append(x) }
    }
    if let classifier { results.append(classifier(x.flattened(from: 1))) }
    return results
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
    if isTraining && config.evaluatesNorm { evaluateBatchNorms() }
  }

  /// Called by `train` alone, as in the original.
  private func freezeStages() {
    for range in ranges.prefix(max(0, config.frozenStages)) {
      for index in range { features[index].freeze() }
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
