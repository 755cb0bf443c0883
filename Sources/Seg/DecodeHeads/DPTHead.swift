import Core

/// Feature maps of a vision transformer, each brought to a size of its own, fused from the last to the first.
///
/// Ranftl et al., "Vision Transformers for Dense Prediction", 2021 (<https://arxiv.org/abs/2103.13413>). Mirrors
/// mmseg's `DPTHead`; the backbone must give its class token after each map.
final class DPTHead: BaseDecodeHead {
  /// What becomes of the class token.
  enum Readout: String, Sendable, CaseIterable, ConfigDecodable {
    case ignore, add, project
  }

  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var width: Int
    var mapChannels: [Int]
    var readout: Readout
    /// Of the residual units and the last convolution.
    var style: ConvStyle

    init(from reader: inout ConfigReader) throws {
      width = try reader.positive("embed_dims", default: 768)
      mapChannels = try reader.positives("post_process_channels", default: [96, 192, 384, 768], count: 4)
      readout = try reader.value("readout_type", default: .ignore)
      _ = try reader.positive("patch_size", default: 16)
      guard try reader.value("expand_channels", default: false) == false else {
        // The original makes fractional numbers of channels of it, and fails.
        throw reader.invalid("must be False", key: "expand_channels")
      }
      style = ConvStyle(
        norm: try reader.value("norm_cfg", default: NormConfig.batchNorm as NormConfig?),
        activation: try reader.value("act_cfg", default: ActivationConfig.relu as ActivationConfig?))
      base = try DecodeHeadConfig(from: &reader)
      guard base.transform == .multipleSelect, base.inputChannels.count == 4 else {
        throw reader.invalid("must be 'multiple_select' with four inputs", key: "input_transform")
      }
      guard base.inputChannels.allSatisfy({ $0 == width }) else {
        throw reader.invalid(
          "must all be embed_dims, \(width), found \(base.inputChannels)", key: "in_channels")
      }
      try reader.check(style.norm, channels: [base.channels])
    }
  }

  /// Mirrors mmseg's `ReassembleBlocks`.
  final class Reassembly: Module {
    let projects: ModuleList<ConvModule>
    let resizeLayers: Sequential
    let readoutProjects: ModuleList<Sequential>?
    private let readout: Readout

    init(_ config: Config) {
      let channels = config.mapChannels
      projects = ModuleList(channels.map { ConvStyle().make(config.width, $0, kernel: 1) })
      // One for each map, not a chain.
      resizeLayers = Sequential([
        ConvTranspose2d(channels[0], channels[0], kernel: 4, stride: 4),
        ConvTranspose2d(channels[1], channels[1], kernel: 2, stride: 2), Identity(),
        Conv2d(channels[3], channels[3], kernel: 3, stride: 2, padding: 1),
      ])
      readoutProjects =
        config.readout == .project
        ? ModuleList(
          channels.map { _ in Sequential([Linear(2 * config.width, config.width), Activation(.gelu)]) }) : nil
      readout = config.readout
    }

    /// - Parameter token: `[N, width]`.
    func callAsFunction(_ index: Int, _ map: Tensor, token: Tensor) -> Tensor {
      var x = map
      switch readout {
      case .ignore: break
      case .add: x = x + token.reshaped([token.shape[0], token.shape[1], 1, 1])
      case .project:
        let rows = x.pixelRows
        let joined = Tensor.concatenate([rows, token.unsqueezed(1).expanded(to: rows.shape)], axis: 2)
        x = (readoutProjects?[index](joined) ?? rows).asImage(height: map.shape[2], width: map.shape[3])
      }
      return resizeLayers[index](projects[index](x))
    }
  }

  /// Two convolutions, each behind its activation, and a shortcut. Mirrors mmseg's `PreActResidualConvUnit`.
  final class ResidualUnit: Module, UnaryModule {
    let conv1, conv2: ConvModule

    init(_ channels: Int, _ style: ConvStyle) {
      var options = ConvModule.Options()
      (options.padding, options.bias, options.order) = (1, false, [.act, .conv, .norm])
      (options.norm, options.activation) = (style.norm, style.activation)
      conv1 = ConvModule(channels, channels, kernel: 3, options)
      conv2 = ConvModule(channels, channels, kernel: 3, options)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { conv2(conv1(x)) + x }
  }

  /// Mirrors mmseg's `FeatureFusionBlock`.
  final class Fusion: Module {
    let project: ConvModule
    let resConvUnit1: ResidualUnit?
    let resConvUnit2: ResidualUnit

    init(_ channels: Int, _ style: ConvStyle, isFirst: Bool) {
      project = ConvStyle().make(channels, channels, kernel: 1)
      resConvUnit1 = isFirst ? nil : ResidualUnit(channels, style)
      resConvUnit2 = ResidualUnit(channels, style)
    }

    func callAsFunction(_ x: Tensor, adding map: Tensor? = nil) -> Tensor {
      var x = x
      if let map, let resConvUnit1 { x = x + resConvUnit1(map.resized(like: x, alignCorners: false)) }
      return project(resConvUnit2(x).interpolate(scaleFactor: 2, mode: .bilinear, alignCorners: true))
    }
  }

  let reassembleBlocks: Reassembly
  let convs: ModuleList<ConvModule>
  let fusionBlocks: ModuleList<Fusion>
  let project: ConvModule

  init(_ config: Config, _ context: BuildContext) throws {
    let (channels, style) = (config.base.channels, config.style)
    reassembleBlocks = Reassembly(config)
    convs = ModuleList(
      config.mapChannels.map { ConvModule($0, channels, kernel: 3, padding: 1, bias: false, activation: nil) }
    )
    fusionBlocks = ModuleList(config.mapChannels.indices.map { Fusion(channels, style, isFirst: $0 == 0) })
    project = ConvStyle(norm: style.norm, activation: .relu).make(channels, channels, kernel: 3, padding: 1)
    try super.init(config.base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    // Maps and tokens take turns.
    let maps = stride(from: 0, to: features.count, by: 2).map { features[$0] }
    let tokens = stride(from: 1, to: features.count, by: 2).map { features[$0] }
    guard maps.count == convs.count, tokens.count == maps.count, tokens.allSatisfy({ $0.rank == 2 }) else {
      throw InvalidConfig(
        "DPTHead needs \(convs.count) feature maps, each with its class token: the backbone's output_cls_token must be True"
      )
    }
    let chosen = try selected(maps)
    let levels = chosen.indices.map { place in
      let index = config.inputIndices[place]
      let token = tokens[index < 0 ? index + tokens.count : index]
      return convs[place](reassembleBlocks(place, chosen[place], token: token))
    }
    var x = fusionBlocks[0](levels[levels.count - 1])
    for (block, map) in zip(fusionBlocks, levels.reversed()).dropFirst() { x = block(x, adding: map) }
    return project(x)
  }
}
