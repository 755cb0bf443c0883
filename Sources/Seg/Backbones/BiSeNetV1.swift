import Core
import PyConfig

/// A shallow path that keeps detail next to a deep one that sees context.
///
/// Yu et al., "BiSeNet", 2018 (<https://arxiv.org/abs/1808.00897>). Mirrors mmseg's `BiSeNetV1`; like there,
/// everything but the inner backbone has batch normalisation and rectifiers whatever `norm_cfg` and `act_cfg` say.
///
/// - Output: of the fused map `[N, outChannels, H / 8, W / 8]` and the context at strides 8 and 16, those of
///   `out_indices`.
final class BiSeNetV1: Module, Backbone, ConfiguredModule {
  struct Config: ConfigRecord {
    var backbone: ConfigNodeBox
    var inChannels: Int
    var spatialChannels: [Int]
    var contextChannels: [Int]
    var outIndices: [Int]
    var outChannels: Int
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      backbone = ConfigNodeBox(try reader.value("backbone_cfg"), path: reader.path("backbone_cfg"))
      inChannels = try reader.positive("in_channels", default: 3)
      spatialChannels = try reader.positives("spatial_channels", default: [64, 64, 64, 128], count: 4)
      contextChannels = try reader.positives("context_channels", default: [128, 256, 512], count: 3)
      guard spatialChannels[3] + contextChannels[0] == contextChannels[1] else {
        throw reader.invalid(
          "the second must be the first and the last of spatial_channels, \(spatialChannels[3] + contextChannels[0]), "
            + "found \(contextChannels)", key: "context_channels")
      }
      outIndices = try reader.outIndices(of: 3)
      outChannels = try reader.positive("out_channels", default: 256)
      initialization = try reader.initialization(default: [])
      reader.ignore("align_corners")
      _ = try ConvStyle(from: &reader)
    }
  }

  let contextPath: ContextPath
  let spatialPath: Sequential
  let ffm: FeatureFusion
  private let outIndices: [Int]
  let initialization: [InitConfig]

  init(_ config: Config, _ context: BuildContext) throws {
    contextPath = try ContextPath(config, context)
    let widths = [config.inChannels] + config.spatialChannels
    spatialPath = Sequential(
      named: (0..<4).map { index in
        let (kernel, stride) = index == 0 ? (7, 2) : index == 3 ? (1, 1) : (3, 2)
        let layer = ConvStyle.standard.make(
          widths[index], widths[index + 1], kernel: Pair(kernel), stride: Pair(stride),
          padding: Pair(kernel / 2))
        return ("layer\(index + 1)", layer)
      })
    ffm = FeatureFusion(config.contextChannels[1], config.outChannels)
    (outIndices, initialization) = (config.outIndices, config.initialization)
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    let (context8, context16) = contextPath(x)
    let all = [ffm(spatialPath(x), context8), context8, context16]
    return outIndices.map { all[$0] }
  }

  /// The deep path. Mirrors mmseg's `ContextPath`.
  final class ContextPath: Module {
    let backbone: any Backbone
    let arm16: AttentionRefinement
    let arm32: AttentionRefinement
    let convHead32: ConvModule
    let convHead16: ConvModule
    let gapConv: Sequential

    init(_ config: Config, _ context: BuildContext) throws {
      let channels = config.contextChannels
      guard let node = config.backbone.node else {
        throw InvalidConfig("backbone_cfg must be a backbone, found None")
      }
      backbone = try context.registries.backbones.build(node, path: config.backbone.path, context: context)
      guard backbone.outputs.count == 4, backbone.outputs[2].channels == channels[1],
        backbone.outputs[3].channels == channels[2]
      else {
        throw InvalidConfig(
          "the inner backbone must give four feature maps, the last two with \(channels[1]) and \(channels[2]) channels, "
            + "found \(backbone.outputs.map(\.channels))")
      }
      arm16 = AttentionRefinement(channels[1], channels[0])
      arm32 = AttentionRefinement(channels[2], channels[0])
      let style = ConvStyle.standard
      convHead32 = style.make(channels[0], channels[0], kernel: 3, padding: 1)
      convHead16 = style.make(channels[0], channels[0], kernel: 3, padding: 1)
      gapConv = Sequential([AdaptiveAvgPool2d(1), style.make(channels[2], channels[0], kernel: 1)])
    }

    func callAsFunction(_ x: Tensor) -> (stride8: Tensor, stride16: Tensor) {
      let features = backbone(x)
      func enlarged(_ x: Tensor, like other: Tensor) -> Tensor {
        x.interpolate(size: Pair(h: other.shape[2], w: other.shape[3]), mode: .nearest)
      }
      let up32 = convHead32(enlarged(arm32(features[3]) + gapConv(features[3]), like: features[2]))
      let up16 = convHead16(enlarged(arm16(features[2]) + up32, like: features[1]))
      return (up16, up32)
    }
  }

  /// Joins both paths. Mirrors mmseg's `FeatureFusionModule`.
  final class FeatureFusion: Module {
    let conv1: ConvModule
    let convAtten: Sequential

    init(_ inChannels: Int, _ outChannels: Int) {
      conv1 = ConvStyle.standard.make(inChannels, outChannels, kernel: 1)
      convAtten = Sequential([
        ConvStyle.standard.make(outChannels, outChannels, kernel: 1), Activation(.sigmoid),
      ])
    }

    func callAsFunction(_ spatial: Tensor, _ context: Tensor) -> Tensor {
      let x = conv1(.concatenate([spatial, context], axis: 1))
      return x * convAtten(x.globalAvgPool2d()) + x
    }
  }
}
