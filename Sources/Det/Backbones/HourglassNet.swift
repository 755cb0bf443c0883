import Core
import PyConfig

/// Networks that go down to low resolutions and up again, one behind the other.
///
/// Newell et al., 2016 (<https://arxiv.org/abs/1603.06937>). Mirrors mmdet's `HourglassNet`.
///
/// - Input: `[N, 3, H, W]`
/// - Output: for each of the networks `[N, featureChannels, H / 4, W / 4]`
final class HourglassNet: Module, Backbone {
  struct Config: ConfigRecord, Sendable {
    /// How often each network halves the resolution.
    var depth: Int
    var stacks: Int
    var channels, blocks: [Int]
    var featureChannels: Int
    var norm: NormConfig

    init(from reader: inout ConfigReader) throws {
      depth = try reader.value("downsample_times", default: 5)
      stacks = try reader.value("num_stacks", default: 2)
      channels = try reader.value("stage_channels", default: [256, 256, 384, 384, 384, 512])
      blocks = try reader.value("stage_blocks", default: [2, 2, 2, 2, 2, 4])
      featureChannels = try reader.value("feat_channel", default: 256)
      norm = try reader.value("norm_cfg", default: .batchNorm)
      guard (1...16).contains(depth), (1...16).contains(stacks), channels.count == blocks.count,
        channels.count > depth,
        channels.allSatisfy({ (2...65536).contains($0) }), blocks.allSatisfy({ (1...64).contains($0) }),
        (1...65536).contains(featureChannels)
      else {
        throw reader.invalid(
          "stage_channels and stage_blocks must have one positive number more than downsample_times each, found "
            + "\(channels), \(blocks) and \(depth)")
      }
      if let rules = reader.node("init_cfg"), !rules.isNone {
        throw reader.invalid("must be None: this network has a rule of its own", key: "init_cfg")
      }
      // The original asks for it and never looks at it.
      reader.ignore("pretrained")
      try norm.check(channels: [channels[0] / 2, channels[0], featureChannels])
    }
  }

  let stem: Sequential
  let hourglassModules: ModuleList<HourglassModule>
  let inters: Sequential
  @Named var pointwise: ModuleList<ConvModule>
  let outConvs: ModuleList<ConvModule>
  let remapConvs: ModuleList<ConvModule>
  let outputs: [FeatureShape]

  init(_ config: Config) {
    let (width, stacks, norm) = (config.channels[0], config.stacks, config.norm)
    var options = ResidualBlockOptions()
    options.norm = norm
    var halving = options
    halving.stride = 2
    stem = Sequential([
      ConvModule(3, width / 2, kernel: 7, stride: 2, padding: 3, norm: norm),
      ResLayer.make(
        blocks: 1, usesBottleneck: false, inChannels: width / 2, outChannels: width, averageDown: false,
        halving),
    ])
    hourglassModules = ModuleList(
      (0..<stacks).map { _ in HourglassModule(depth: config.depth, config.channels[...], config.blocks[...]) }
    )
    // A layer has at least one block, also where none is needed.
    inters = ResLayer.make(
      blocks: max(1, stacks - 1), usesBottleneck: false, inChannels: width, outChannels: width,
      averageDown: false,
      options)
    _pointwise = Named(
      "conv1x1s",
      ModuleList((1..<stacks).map { _ in ConvModule(width, width, kernel: 1, norm: norm, activation: nil) }))
    outConvs = ModuleList(
      (0..<stacks).map { _ in ConvModule(width, config.featureChannels, kernel: 3, padding: 1, norm: norm) })
    remapConvs = ModuleList(
      (1..<stacks).map { _ in
        ConvModule(config.featureChannels, width, kernel: 1, norm: norm, activation: nil)
      })
    outputs = (0..<stacks).map { _ in FeatureShape(channels: config.featureChannels, stride: 4) }
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    var x = stem(x)
    var features: [Tensor] = []
    for (index, module) in hourglassModules.enumerated() {
      features.append(outConvs[index](module(x)))
      guard index < hourglassModules.count - 1 else { break }
      x = inters[index]((pointwise[index](x) + remapConvs[index](features[index])).relu())
    }
    return features
  }

  /// PyTorch's own values for all convolutions.
  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    forEachModule { _, module in (module as? Conv2d)?.initializeWeights(using: &generator) }
  }
}

/// One such network: a path at this resolution, and one through the next lower ones.
///
/// - Input: `[N, channels[0], H, W]`; the output has the same shape.
final class HourglassModule: Module, UnaryModule {
  let up1: Sequential
  let low1: Sequential
  let low2: any UnaryModule
  let low3: Sequential

  /// - Parameters:
  ///   - channels, blocks: at this resolution, at the next lower one, ...
  init(depth: Int, _ channels: ArraySlice<Int>, _ blocks: ArraySlice<Int>) {
    let (width, next) = (channels[channels.startIndex], channels[channels.startIndex + 1])
    let (count, nextCount) = (blocks[blocks.startIndex], blocks[blocks.startIndex + 1])
    // In the original no other normalisation reaches these.
    let options = ResidualBlockOptions()
    func layer(_ blocks: Int, _ inChannels: Int, _ outChannels: Int, stride: Int = 1) -> Sequential {
      var own = options
      own.stride = stride
      return ResLayer.make(
        blocks: blocks, usesBottleneck: false, inChannels: inChannels, outChannels: outChannels,
        averageDown: false, own)
    }
    up1 = layer(count, width, width)
    low1 = layer(count, width, next, stride: 2)
    low2 =
      depth > 1
      ? HourglassModule(depth: depth - 1, channels.dropFirst(), blocks.dropFirst())
      : layer(nextCount, next, next)
    // Here the last block changes the width.
    low3 = Sequential(
      (0..<count).map { index -> any UnaryModule in
        let out = index == count - 1 ? width : next
        return BasicBlock(
          next, out, downsample: ResLayer.downsample(next, out, averageDown: false, options), options)
      })
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let high = up1(x)
    let low = low3(low2(low1(x)))
    return high + low.interpolate(size: Pair(h: high.shape[2], w: high.shape[3]), mode: .nearest)
  }
}
