import Core
import PyConfig

/// Patches mixed by large convolutions of single channels and by 1x1 convolutions.
///
/// Trockman and Kolter, "Patches Are All You Need?", 2022 (<https://arxiv.org/abs/2201.09792>). Mirrors mmcls's
/// `ConvMixer`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each layer in `outIndices` `[N, width, H / patch, W / patch]`
public final class ConvMixer: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var width, depth, patch, kernel: Int
    public var inChannels: Int
    public var norm: NormConfig
    public var activation: ActivationConfig
    public var outIndices: [Int]
    /// How many layers from the first on are not trained.
    public var frozenStages: Int
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let design = try reader.value("arch", default: Design.standard)
      (width, depth, patch, kernel) = (design.width, design.depth, design.patch, design.kernel)
      inChannels = try reader.value("in_channels", default: 3)
      guard (1...65536).contains(inChannels) else {
        throw reader.invalid("must be in 1...65536, found \(inChannels)", key: "in_channels")
      }
      norm = try reader.value("norm_cfg", default: .batchNorm)
      try norm.check(channels: [width])
      activation = try reader.value("act_cfg", default: .function(.gelu))
      outIndices = try reader.outIndices(default: [-1], count: depth, wraps: true)
      frozenStages = try reader.frozenStages(default: 0, in: 0...depth)
      initialization = try reader.initialization(default: [])
    }
  }

  /// `arch`: a name, or `dict(embed_dims=..., depth=..., patch_size=..., kernel_size=...)`.
  private struct Design: ConfigDecodable {
    var width, depth, patch, kernel: Int

    static let standard = Design(768, 32, 7, 7)
    private static let known: [String: Design] = [
      "768/32": standard, "1024/20": Design(1024, 20, 14, 9), "1536/20": Design(1536, 20, 7, 9),
    ]

    private init(_ width: Int, _ depth: Int, _ patch: Int, _ kernel: Int) {
      (self.width, self.depth, self.patch, self.kernel) = (width, depth, patch, kernel)
    }

    init(from node: ConfigNode, at path: String) throws {
      if let name = node.string {
        guard let design = Self.known[name] else {
          throw BuildError(
            .unknownName(name, role: "ConvMixer", known: Self.known.keys.sorted()), path: path,
            location: node.location)
        }
        self = design
        return
      }
      var reader = try ConfigReader(node, path: path)
      width = try reader.value("embed_dims")
      depth = try reader.value("depth")
      patch = try reader.value("patch_size")
      kernel = try reader.value("kernel_size")
      guard (1...65536).contains(width), (1...1024).contains(depth), (1...1024).contains(patch),
        (1...255).contains(kernel)
      else {
        throw reader.invalid(
          "embed_dims, depth, patch_size and kernel_size must be positive, found \(width), \(depth), \(patch), \(kernel)"
        )
      }
      // The original looks at these keys only.
      _ = reader.takeRest()
      try reader.finish()
    }
  }

  private let config: Config
  let act: any UnaryModule
  let stem: Sequential
  let stages: Sequential
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let (width, act) = (config.width, config.activation.make())
    self.act = act
    stem = Sequential([
      Conv2d(config.inChannels, width, kernel: Pair(config.patch), stride: Pair(config.patch)), act,
      config.norm.make(width),
    ])
    stages = Sequential(
      (0..<config.depth).map { _ in
        Sequential([
          Residual(
            Sequential([
              Conv2d(width, width, kernel: Pair(config.kernel), groups: width, paddingMode: .same), act,
              config.norm.make(width),
            ])), Conv2d(width, width, kernel: 1), act, config.norm.make(width),
        ])
      })
    outputs = config.outIndices.map { _ in FeatureShape(channels: width, stride: config.patch) }
    super.init()
    freezeStages()
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    stem(x).features(stages.layers, at: config.outIndices)
  }

  public override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    freezeStages()
  }

  private func freezeStages() {
    for stage in stages.layers.prefix(config.frozenStages) { stage.freeze() }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// `fn(x) + x`
  private final class Residual: Module, UnaryModule {
    let fn: Sequential

    init(_ fn: Sequential) { self.fn = fn }

    func callAsFunction(_ x: Tensor) -> Tensor { fn(x) + x }
  }
}
