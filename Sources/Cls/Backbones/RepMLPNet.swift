import Core
import PyConfig

/// Fully connected layers over whole maps, trained with convolutions beside them.
///
/// Ding et al., 2021 (<https://arxiv.org/abs/2112.11081>). Mirrors mmcls's `RepMLPNet`; with `deploy` the convolutions are
/// part of the fully connected layers.
///
/// - Input: `[N, inChannels, imageSize.h, imageSize.w]`
/// - Output: the stages in `outIndices`; the last is `[N, channels, H / (8 · patch), W / (8 · patch)]`, those before it
///   have the channels and size of the next stage.
public final class RepMLPNet: Module, Backbone, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var channels, depths, shareSets: [Int]
    public var imageSize, patch: Pair
    public var inChannels: Int
    public var outIndices: [Int]
    /// Sides of the convolutions beside the fully connected layers.
    public var kernels: [Int]
    public var squeezeRatio: Int
    public var conv: ConvConfig
    public var norm: NormConfig
    public var hasFinalNorm: Bool
    public var isDeployed: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      let design: Design = try reader.value("arch")
      (channels, depths, shareSets) = (design.channels, design.depths, design.shareSets)
      imageSize = try reader.value("img_size", default: 224)
      patch = try reader.value("patch_size", default: 4)
      inChannels = try reader.value("in_channels", default: 3)
      outIndices = try reader.outIndices(default: [3], count: channels.count)
      kernels = try reader.value("reparam_conv_kernels", default: Optional([3])) ?? []
      squeezeRatio = try reader.value("globalperceptron_ratio", default: 4)
      conv = try reader.optional("conv_cfg") ?? .plain
      norm = try reader.value("norm_cfg", default: .batchNorm)
      if let node = reader.node("patch_cfg"), !node.isNone {
        try ConfigReader(node, path: reader.path("patch_cfg")).finish()
      }
      hasFinalNorm = try reader.value("final_norm", default: true)
      isDeployed = try reader.value("deploy", default: false)
      initialization = try reader.initialization(default: [])
      guard (1...65536).contains(inChannels),
        (imageSize.array + patch.array).allSatisfy({ (1...8192).contains($0) }),
        kernels.allSatisfy({ (1...63).contains($0) && $0 % 2 == 1 }), Set(kernels).count == kernels.count,
        (1...4096).contains(squeezeRatio)
      else {
        throw reader.invalid(
          "in_channels, img_size, patch_size and globalperceptron_ratio must be positive, reparam_conv_kernels different "
            + "odd numbers, found \(inChannels), \(imageSize), \(patch), \(squeezeRatio), \(kernels)")
      }
      guard let last = mapSizes.last, last.h > 0, last.w > 0, mapSizes[0].h * mapSizes[0].w <= 1 << 14 else {
        throw reader.invalid("must leave maps of 1 to 16384 pixels, found \(mapSizes)", key: "img_size")
      }
      try norm.check(channels: channels)
      try conv.check(channels: channels)
    }

    /// Sizes of the maps of each stage.
    var mapSizes: [Pair] {
      // What remains of an image at the border is filled up.
      let first = Pair(
        h: (imageSize.h + patch.h - 1) / patch.h, w: (imageSize.w + patch.w - 1) / patch.w)
      return channels.indices.map { Pair(h: first.h >> $0, w: first.w >> $0) }
    }
  }

  /// `arch`: a name, or `dict(channels=..., depths=..., sharesets_nums=...)`.
  private struct Design: ConfigDecodable {
    var channels, depths, shareSets: [Int]

    init(from node: ConfigNode, at path: String) throws {
      if let name = node.string {
        guard ["b", "base"].contains(name.lowercased()) else {
          throw BuildError(
            .unknownName(name, role: "RepMLPNet", known: ["b", "base"]), path: path, location: node.location)
        }
        (channels, depths, shareSets) = ([96, 192, 384, 768], [2, 2, 12, 2], [1, 4, 32, 128])
        return
      }
      var reader = try ConfigReader(node, path: path)
      channels = try reader.value("channels")
      depths = try reader.value("depths")
      shareSets = try reader.value("sharesets_nums")
      guard (1...8).contains(channels.count), depths.count == channels.count,
        shareSets.count == channels.count,
        depths.allSatisfy({ (1...1024).contains($0) }),
        zip(channels, shareSets).allSatisfy({ (1...65536).contains($0) && $1 > 0 && $0 % $1 == 0 })
      else {
        throw reader.invalid(
          "channels, depths and sharesets_nums must be positive and equally many, the last dividing channels, found "
            + "\(channels), \(depths), \(shareSets)")
      }
      try reader.finish()
    }
  }

  private let config: Config
  let patchEmbed: PatchEmbed
  let stages: Sequential
  let downsampleLayers: ModuleList<ConvModule>
  let finalNorm: (any NormLayer)?
  public let outputs: [FeatureShape]

  public init(_ config: Config) {
    self.config = config
    let (channels, sizes) = (config.channels, config.mapSizes)
    patchEmbed = PatchEmbed(config)
    stages = Sequential(
      config.depths.indices.map { stage in
        Sequential(
          (0..<config.depths[stage]).map { _ in
            RepMLPNetUnit(channels[stage], size: sizes[stage], shareSets: config.shareSets[stage], config)
          })
      })
    downsampleLayers = ModuleList(
      (1..<channels.count).map {
        ConvModule(channels[$0 - 1], channels[$0], kernel: 2, stride: 2, conv: config.conv, norm: config.norm)
      })
    finalNorm = config.hasFinalNorm ? config.norm.make(channels[channels.count - 1]) : nil
    outputs = channels.indices.filter(config.outIndices.contains).map {
      let next = min($0 + 1, channels.count - 1)
      return FeatureShape(channels: channels[next], stride: config.patch.h << next)
    }
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = x
    if x.shape.suffix(2) != config.imageSize.array[...] {
      InputFault.report(
        "RepMLPNet: images of \(config.imageSize), the config's img_size, found \(x.shape.suffix(2))")
      x = .zeros([x.shape[0], config.inChannels] + config.imageSize.array)
    }
    x = patchEmbed(x)
    var features: [Tensor] = []
    for (index, stage) in stages.layers.enumerated() {
      x = stage(x)
      let isLast = index == stages.count - 1
      if !isLast { x = downsampleLayers[index](x) }
      if config.outIndices.contains(index) { features.append(isLast ? finalNorm.map { $0(x) } ?? x : x) }
    }
    return features
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// Patches side by side, filled up below and to the right.
  final class PatchEmbed: Module, UnaryModule {
    let projection: Conv2d
    let norm: any NormLayer

    init(_ config: Config) {
      projection = Conv2d(
        config.inChannels, config.channels[0], kernel: config.patch, stride: config.patch, bias: false)
      norm = config.norm.make(config.channels[0])
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let patch = projection.stride
      let (bottom, right) = (
        (patch.h - x.shape[2] % patch.h) % patch.h, (patch.w - x.shape[3] % patch.w) % patch.w
      )
      let filled = bottom + right == 0 ? x : x.pad2d(Padding(top: 0, bottom: bottom, left: 0, right: right))
      return projection(filled, norm: norm, activation: .relu)
    }
  }
}
