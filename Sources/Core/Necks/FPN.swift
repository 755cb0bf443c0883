/// A feature pyramid: each level of a backbone is narrowed and joined with the enlarged level above it.
///
/// Lin et al., 2016, fig. 3 (<https://arxiv.org/abs/1612.03144>); levels on top by strided convolutions as in Lin et al.,
/// 2017, section 4 (<https://arxiv.org/abs/1708.02002>). Mirrors the `FPN` of the original suites.
///
/// - Input: `[N, inChannels[i], H_i, W_i]`, the largest first
/// - Output: `outputs` maps `[N, outChannels, H_i, W_i]`; those on top of the backbone's halve the size each time
open class FPN: Module, Neck, ConfiguredModule {
  public let config: Config
  public let lateralConvs: ModuleList<ConvModule>
  /// One for each level that the backbone gives, then those of the levels on top.
  public let fpnConvs: ModuleList<ConvModule>

  public init(_ config: Config) {
    self.config = config
    let (outChannels, inner) = (config.outChannels, config.inChannels[config.levels])
    lateralConvs = ModuleList(
      inner.map { channels in
        ConvModule(
          channels, outChannels, kernel: 1, conv: config.conv,
          norm: config.normalizesLaterals ? config.norm : nil,
          activation: config.activation)
      })
    var convs = inner.map { _ in config.convolution(outChannels, stride: 1) }
    if let source = config.extraConvs {
      for index in 0..<config.extraLevels {
        let fromInput = index == 0 && source == .onInput
        convs.append(
          config.convolution(
            fromInput ? config.inChannels[config.levels.upperBound - 1] : outChannels, stride: 2))
      }
    }
    fpnConvs = ModuleList(convs)
  }

  open func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    let laterals = laterals(features)
    let outputs = laterals.indices.map { fpnConvs[$0](laterals[$0]) }
    return addingLevels(to: outputs, features: features, laterals: laterals)
  }

  /// The top-down path: narrowed levels, each with those above it added.
  public func laterals(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.inChannels.count,
      "FPN: \(config.inChannels.count) feature maps, found \(features.count)")
    var laterals = lateralConvs.indices.map { lateralConvs[$0](features[$0 + config.levels.lowerBound]) }
    for index in laterals.indices.dropFirst().reversed() {
      let below = laterals[index - 1]
      laterals[index - 1] = below + config.upsample(laterals[index], to: below.imageSize)
    }
    return laterals
  }

  /// The levels on top of those of the backbone: subsampled, or convolved.
  public func addingLevels(to outputs: [Tensor], features: [Tensor], laterals: [Tensor]) -> [Tensor] {
    var outputs = outputs
    for level in outputs.count..<config.outputs {
      let last = outputs[outputs.count - 1]
      guard let source = config.extraConvs else {
        outputs.append(last.maxPool2d(1, stride: 2))
        continue
      }
      if level > laterals.count {
        outputs.append(fpnConvs[level](config.activatesBeforeExtraConvs ? last.relu() : last))
        continue
      }
      switch source {
      case .onInput: outputs.append(fpnConvs[level](features[config.levels.upperBound - 1]))
      case .onLateral: outputs.append(fpnConvs[level](laterals[laterals.count - 1]))
      case .onOutput: outputs.append(fpnConvs[level](last))
      }
    }
    return outputs
  }

  open var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? { Array(repeating: config.outChannels, count: config.outputs) }

  open func check(_ shapes: [[Int]]) throws {
    try checkChannels(shapes)
    try config.checkSizes(shapes)
  }

  public var initialization: [InitConfig] { config.initialization }

  open override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension FPN.Config {
  /// A 3x3 convolution with the pyramid's norm and activation.
  public func convolution(_ channels: Int, stride: Int) -> ConvModule {
    ConvModule(
      channels, outChannels, kernel: 3, stride: Pair(stride), padding: 1, conv: conv, norm: norm,
      activation: activation)
  }

  /// - Throws: `InvalidConfig` where levels enlarged by a fixed factor do not fit those below them.
  public func checkSizes(_ shapes: [[Int]]) throws {
    for level in levels.dropFirst() {
      let (above, below) = (Pair(h: shapes[level][2], w: shapes[level][3]), shapes[level - 1][2...])
      if let enlarged = upsample.enlarged(above), enlarged.array != Array(below) {
        throw InvalidConfig(
          "neck.upsample_cfg.scale_factor: a level of \(above.array) pixels grows to \(enlarged.array), "
            + "the one below has \(Array(below)); pad images to a multiple of the largest stride")
      }
    }
  }
}
