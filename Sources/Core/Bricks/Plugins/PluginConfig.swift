import PyConfig

/// The `cfg` of a plugin: a layer that a config puts into a block of a backbone, or before or behind a RoI extractor.
public struct PluginConfig: Sendable {
  public enum Layer: Sendable {
    case contextBlock(ratio: Double, pooling: ContextBlock.Pooling, fusions: [ContextBlock.Fusion])
    case convModule(outChannels: Int, kernel: Pair, ConvModule.Options)
    case generalizedAttention(GeneralizedAttention.Options)
    case nonLocal(NonLocal2d.Options)
  }

  public var layer: Layer
  /// Where the config names them itself; else the place of the plugin decides.
  public var inChannels: Int?
  /// What is put behind the layer's name, where a block has several of a kind.
  public var postfix = ""

  /// mmcv's short name of the layer, and the postfix.
  public var name: String {
    let name =
      switch layer {
      case .contextBlock: "context_block"
      case .convModule: "conv_block"
      case .generalizedAttention: "gen_attention_block"
      case .nonLocal: "nonlocal_block"
      }
    return name + postfix
  }

  /// - Parameter inChannels: of the feature maps, which the config may name differently.
  /// - Throws: `InvalidConfig`.
  public func make(inChannels given: Int? = nil) throws -> any UnaryModule {
    guard let channels = inChannels ?? given else { throw InvalidConfig("a plugin needs in_channels here") }
    if let given, given != channels {
      throw InvalidConfig("the plugin's in_channels must be \(given) here, found \(channels)")
    }
    switch layer {
    case .contextBlock(let ratio, let pooling, let fusions):
      guard Int(Double(channels) * ratio) > 0 else {
        throw InvalidConfig(
          "ContextBlock: ratio must leave at least one of \(channels) channels, found \(ratio)")
      }
      return ContextBlock(channels, ratio: ratio, pooling: pooling, fusions: fusions)
    case .convModule(let out, let kernel, let options):
      guard channels % options.groups == 0, out % options.groups == 0 else {
        throw InvalidConfig(
          "ConvModule: groups must divide \(channels) and \(out) channels, found \(options.groups)")
      }
      try options.conv.check(channels: [channels])
      try options.norm?.check(channels: [out])
      return ConvModule(channels, out, kernel: kernel, options)
    case .generalizedAttention(let options): return try GeneralizedAttention(channels, options)
    case .nonLocal(let options):
      try options.norm?.check(channels: [channels])
      try options.conv.check(channels: [channels, max(channels / options.reduction, 1)])
      return NonLocal2d(channels, options)
    }
  }
}

extension PluginConfig: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    if let channels: Int = try reader.optional("in_channels") {
      guard (1...65536).contains(channels) else {
        throw reader.invalid("must be in 1...65536, found \(channels)", key: "in_channels")
      }
      inChannels = channels
    }
    if let node = reader.node("postfix") {
      postfix = try node.string ?? String(Int(from: node, at: reader.path("postfix")))
    }
    switch type {
    case "ContextBlock":
      let ratio: Double = try reader.value("ratio")
      guard ratio > 0, ratio <= 16 else {
        throw reader.invalid("must be in 0...16, found \(ratio)", key: "ratio")
      }
      let fusions: [ContextBlock.Fusion] = try reader.value("fusion_types", default: [.channelAdd])
      guard !fusions.isEmpty else {
        throw reader.invalid("must name at least one fusion", key: "fusion_types")
      }
      layer = .contextBlock(
        ratio: ratio, pooling: try reader.value("pooling_type", default: .attention), fusions: fusions)
    case "ConvModule": layer = try Self.convModule(&reader)
    case "GeneralizedAttention":
      layer = .generalizedAttention(try GeneralizedAttention.Options(from: &reader))
    case "NonLocal2d": layer = .nonLocal(try NonLocal2d.Options(from: &reader))
    default:
      throw BuildError(
        .unknownName(
          type, role: "plugin layer",
          known: ["ContextBlock", "ConvModule", "GeneralizedAttention", "NonLocal2d"]),
        path: reader.path("type"), location: reader.location)
    }
  }

  private static func convModule(_ reader: inout ConfigReader) throws -> Layer {
    var options = ConvModule.Options()
    let out: Int = try reader.value("out_channels")
    let kernel: Pair = try reader.value("kernel_size")
    options.stride = try reader.value("stride", default: 1)
    options.padding = try reader.value("padding", default: 0)
    options.dilation = try reader.value("dilation", default: 1)
    options.groups = try reader.value("groups", default: 1)
    let sizes = kernel.array + options.stride.array + options.dilation.array + [out, options.groups]
    guard sizes.allSatisfy({ (1...65536).contains($0) }),
      options.padding.array.allSatisfy({ (0...4096).contains($0) })
    else { throw reader.invalid("sizes, strides and groups must be positive, found \(sizes)") }
    if let bias = reader.node("bias"), bias.string != "auto" {
      options.bias = try Bool(from: bias, at: reader.path("bias"))
    }
    options.conv = try reader.optional("conv_cfg") ?? .plain
    options.norm = try reader.optional("norm_cfg")
    options.activation = try reader.value("act_cfg", default: .relu)
    options.paddingMode = try reader.value("padding_mode", default: .zeros)
    options.order = try reader.value("order", default: options.order)
    guard Set(options.order).count == 3, options.order.count == 3 else {
      throw reader.invalid("must name conv, norm and act once each", key: "order")
    }
    reader.ignore("inplace")
    return .convModule(outChannels: out, kernel: kernel, options)
  }
}

extension NonLocal2d.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    self.init()
    reduction = try reader.value("reduction", default: 2)
    guard reduction > 0 else {
      throw reader.invalid("must be positive, found \(reduction)", key: "reduction")
    }
    usesScale = try reader.value("use_scale", default: true)
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = try reader.optional("norm_cfg")
    mode = try reader.value("mode", default: .embeddedGaussian)
    subsamples = try reader.value("sub_sample", default: false)
    zerosInit = try reader.value("zeros_init", default: true)
    std = try reader.value("std", default: 0.01)
  }
}

extension GeneralizedAttention.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    self.init()
    spatialRange = try reader.value("spatial_range", default: -1)
    heads = try reader.value("num_heads", default: 9)
    positionWidth = try reader.value("position_embedding_dim", default: -1)
    positionMagnitude = try reader.value("position_magnitude", default: 1)
    keyStride = try reader.value("kv_stride", default: 2)
    queryStride = try reader.value("q_stride", default: 1)
    let text: String = try reader.value("attention_type", default: "1111")
    let flags = text.map { $0 != "0" }
    guard flags.count == 4, text.allSatisfy({ $0 == "0" || $0 == "1" }), flags.contains(true) else {
      throw reader.invalid("must be four digits 0 or 1, found '\(text)'", key: "attention_type")
    }
    (terms.queryKey, terms.queryPosition, terms.key, terms.position) = (
      flags[0], flags[1], flags[2], flags[3]
    )
  }
}
