import Core

/// VGG as the single-shot detector has it: its fully connected layers turned into convolutions.
///
/// Liu et al., 2015, section 3.1 (<https://arxiv.org/abs/1512.02325>). Mirrors mmdet's `SSDVGG`.
///
/// - Input: `[N, 3, H, W]`
/// - Output: what the layers in `outFeatureIndices` give, for depth 16 by default `[N, 512, H / 8, W / 8]` and
///   `[N, 1024, H / 16, W / 16]`.
final class SSDVGG: Module, Backbone, ConfiguredModule {
  struct Config: ConfigRecord, Sendable {
    var depth: Int
    var hasLastPool: Bool
    var ceilMode: Bool
    /// Layers counted from 0.
    var outFeatureIndices: [Int]
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      depth = try reader.value("depth")
      guard VGG.Config.blocks[depth] != nil else {
        throw reader.invalid("must be one of 11, 13, 16, 19, found \(depth)", key: "depth")
      }
      hasLastPool = try reader.value("with_last_pool", default: false)
      ceilMode = try reader.value("ceil_mode", default: true)
      let stages: [Int] = try reader.value("out_indices", default: [3, 4])
      guard !stages.isEmpty, stages.allSatisfy({ (0...5).contains($0) }) else {
        throw reader.invalid("must be in 0...5, found \(stages)", key: "out_indices")
      }
      outFeatureIndices = try reader.value("out_feature_indices", default: [22, 34])
      let layers = Self.layerCount(depth, hasLastPool: hasLastPool)
      guard !outFeatureIndices.isEmpty, outFeatureIndices.allSatisfy((0..<layers).contains) else {
        throw reader.invalid(
          "must be in 0..<\(layers), found \(outFeatureIndices)", key: "out_feature_indices")
      }
      initialization =
        try reader.weightRules() ?? [
          .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["BatchNorm2d"]),
          .normal(std: 0.01, layers: ["Linear"]),
        ]
      // Of earlier versions.
      reader.ignore("input_size", "l2_norm_scale")
    }

    private static func layerCount(_ depth: Int, hasLastPool: Bool) -> Int {
      (VGG.Config.blocks[depth] ?? []).reduce(0) { $0 + 2 * $1 + 1 } - (hasLastPool ? 0 : 1) + 5
    }
  }

  private let config: Config
  let features: Sequential
  let outputs: [FeatureShape]

  init(_ config: Config) {
    self.config = config
    var layers: [any UnaryModule] = []
    var shapes: [FeatureShape] = []
    var (width, stride) = (3, 1)
    func add(_ layer: any UnaryModule) {
      layers.append(layer)
      shapes.append(FeatureShape(channels: width, stride: stride))
    }
    let stages = VGG.Config.blocks[config.depth] ?? []
    for (stage, blocks) in stages.enumerated() {
      let out = stage < 4 ? 64 << stage : 512
      for _ in 0..<blocks {
        let conv = Conv2d(width, out, kernel: 3, padding: 1)
        width = out
        add(conv)
        add(ReLU())
      }
      if stage == stages.count - 1, !config.hasLastPool { break }
      stride *= 2
      add(MaxPool2d(2, stride: 2, ceilMode: config.ceilMode))
    }
    add(MaxPool2d(3, stride: 1, padding: 1))
    width = 1024
    add(Conv2d(512, width, kernel: 3, padding: 6, dilation: 6))
    add(ReLU())
    add(Conv2d(width, width, kernel: 1))
    add(ReLU())
    features = Sequential(layers)
    outputs = shapes.indices.filter(config.outFeatureIndices.contains).map { shapes[$0] }
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = x
    var results: [Tensor] = []
    var index = 0
    while index < features.count {
      // A convolution takes its activation along where nobody asks for what lies between.
      if let conv = features[index] as? Conv2d, !config.outFeatureIndices.contains(index),
        index + 1 < features.count, features[index + 1] is ReLU
      {
        x = conv(x, norm: nil, activation: .relu)
        index += 1
      } else {
        x = features[index](x)
      }
      if config.outFeatureIndices.contains(index) { results.append(x) }
      index += 1
    }
    return results
  }

  var initialization: [InitConfig] { config.initialization }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
