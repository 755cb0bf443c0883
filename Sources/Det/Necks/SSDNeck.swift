import Core

/// The maps of SSD on top of its backbone's, each by a 1x1 and a strided 3x3 convolution.
///
/// Liu et al., 2016, fig. 2 (<https://arxiv.org/abs/1512.02325>). Mirrors mmdet's `SSDNeck`.
///
/// - Input: `[N, inChannels[i], H_i, W_i]`
/// - Output: those maps, the first normalised by its lengths, and one for each further number of channels
public final class SSDNeck: Module, Neck, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels, outChannels: [Int]
    /// Of the 3x3 convolution of each map on top.
    public var strides, paddings: [Int]
    /// What the scales of the normalisation start from; `nil`: the first map is not normalised.
    public var normScale: Float?
    /// Of the 3x3 convolution of the last map.
    public var lastKernel: Int
    public var isSeparable: Bool
    public var style: ConvStyle
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channelList("in_channels")
      outChannels = try reader.channelList("out_channels")
      guard outChannels.count > inChannels.count, Array(outChannels.prefix(inChannels.count)) == inChannels
      else {
        throw reader.invalid(
          "must begin with in_channels, \(inChannels), and go on, found \(outChannels)", key: "out_channels")
      }
      strides = try reader.value("level_strides")
      paddings = try reader.value("level_paddings")
      let extra = outChannels.count - inChannels.count
      guard strides.count == extra, paddings.count == extra, strides.allSatisfy({ (1...64).contains($0) }),
        paddings.allSatisfy({ (0...64).contains($0) })
      else {
        throw reader.invalid(
          "level_strides and level_paddings must hold a number for each of \(extra) maps, found \(strides) and \(paddings)"
        )
      }
      guard outChannels.suffix(extra).allSatisfy({ $0 >= 2 }) else {
        throw reader.invalid(
          "must be at least 2 on top of the backbone, found \(outChannels)", key: "out_channels")
      }
      normScale = reader.has("l2_norm_scale") ? try reader.optional("l2_norm_scale") : 20
      if normScale == 0 { normScale = nil }
      lastKernel = try reader.integer("last_kernel_size", default: 3, in: 1...64)
      isSeparable = try reader.value("use_depthwise", default: false)
      style = try ConvStyle(from: &reader, activation: .relu)
      initialization = try reader.initialization(default: [
        .xavierUniform, .constant(1, layers: ["BatchNorm2d"]),
      ])
      let (style, channels) = (style, outChannels.suffix(extra).flatMap { [$0, $0 / 2] })
      try reader.checked { try style.check(channels: channels) }
    }
  }

  let l2Norm: L2Norm?
  let extraLayers: ModuleList<Sequential>
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    l2Norm = config.normScale.map { L2Norm(config.inChannels[0], scale: $0) }
    let (given, style) = (config.inChannels.count, config.style)
    extraLayers = ModuleList(
      config.strides.indices.map { index in
        let (below, channels) = (config.outChannels[given + index - 1], config.outChannels[given + index])
        return Sequential([
          style.make(below, channels / 2, kernel: 1),
          style.make(
            channels / 2, channels, kernel: Pair(config.kernel(index)), stride: Pair(config.strides[index]),
            padding: Pair(config.paddings[index]), isSeparable: config.isSeparable),
        ])
      })
  }

  public var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? { config.outChannels }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.inChannels.count,
      "SSDNeck: \(config.inChannels.count) feature maps, found \(features.count)")
    var outputs = features
    if let l2Norm { outputs[0] = l2Norm(outputs[0]) }
    for layer in extraLayers { outputs.append(layer(outputs[outputs.count - 1])) }
    return outputs
  }

  public func check(_ shapes: [[Int]]) throws {
    try checkChannels(shapes)
    var size = shapes[shapes.count - 1].suffix(2).map { $0 }
    for index in config.strides.indices {
      let (kernel, padding) = (config.kernel(index), config.paddings[index])
      guard size.allSatisfy({ $0 + 2 * padding >= kernel }) else {
        throw InvalidConfig(
          "neck: the map on top number \(index + 1) cannot be made from one of \(size) pixels; images must be larger"
        )
      }
      size = size.map { ($0 + 2 * padding - kernel) / config.strides[index] + 1 }
    }
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// Rules of `init_cfg`, then the scales of the normalisation.
  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    if let l2Norm, let scale = config.normScale { l2Norm.weight.value.fillInPlace(Double(scale)) }
  }
}

extension SSDNeck.Config {
  /// Side of the second kernel of a map on top.
  func kernel(_ index: Int) -> Int { index == strides.count - 1 ? lastKernel : 3 }
}
