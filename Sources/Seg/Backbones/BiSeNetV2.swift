import Core
import PyConfig

/// A wide, shallow branch for detail and a narrow, deep one for meaning, each guiding the other.
///
/// Yu et al., "BiSeNet V2", 2020 (<https://arxiv.org/abs/2004.02147>). Mirrors mmseg's `BiSeNetV2`; like there, batch
/// normalisation and rectifiers are used whatever `norm_cfg` and `act_cfg` say.
///
/// - Output: of the joined map (stride 8) and the stages of the deep branch, those of `out_indices`.
final class BiSeNetV2: Module, Backbone, ConfiguredModule {
  struct Config: ConfigRecord {
    var inChannels: Int
    var detailChannels: [Int]
    var semanticChannels: [Int]
    var expansion: Int
    var channels: Int
    var outIndices: [Int]
    var alignCorners: Bool
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positive("in_channels", default: 3)
      detailChannels = try reader.positives("detail_channels", default: [64, 64, 128])
      semanticChannels = try reader.positives("semantic_channels", default: [16, 32, 64, 128])
      guard semanticChannels.count > 1, semanticChannels[0] > 1 else {
        throw reader.invalid(
          "must be two numbers at least, found \(semanticChannels)", key: "semantic_channels")
      }
      expansion = try reader.positive("semantic_expansion_ratio", default: 6)
      channels = try reader.positive("bga_channels", default: 128)
      guard detailChannels.last == channels, semanticChannels.last == channels else {
        throw reader.invalid(
          "must be the last of detail_channels and of semantic_channels, found \(channels)",
          key: "bga_channels")
      }
      outIndices = try reader.outIndices(of: semanticChannels.count + 1)
      alignCorners = try reader.value("align_corners", default: false)
      initialization =
        try reader.optional("init_cfg", as: OneOrMany<InitConfig>.self)?.elements ?? .kaimingAndOnes
      _ = try ConvStyle(from: &reader)
    }
  }

  let detail: DetailBranch
  /// Stages under their names in mmseg, the last one the context embedding.
  let semantic: Sequential
  let bga: BilateralAggregation
  private let outIndices: [Int]
  let initialization: [InitConfig]

  init(_ config: Config) {
    detail = DetailBranch(config)
    let widths = config.semanticChannels
    var stages: [(String, any UnaryModule)] = [("stage1", StemBlock(config.inChannels, widths[0]))]
    for index in 1..<widths.count {
      let (before, width) = (widths[index - 1], widths[index])
      let extra = index == widths.count - 1 ? 3 : 1
      let layers =
        [GatherExpandLayer(before, width, expansion: config.expansion, stride: 2)]
        + (0..<extra).map { _ in GatherExpandLayer(width, width, expansion: config.expansion, stride: 1) }
      stages.append(("stage\(index + 1)", Sequential(layers)))
    }
    stages.append(("stage\(widths.count)_CEBlock", ContextEmbedding(widths[widths.count - 1])))
    semantic = Sequential(named: stages)
    bga = BilateralAggregation(config.channels, alignCorners: config.alignCorners)
    (outIndices, initialization) = (config.outIndices, config.initialization)
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    var stages: [Tensor] = []
    for stage in semantic.layers { stages.append(stage(stages.last ?? x)) }
    let all = [bga(detail(x), stages[stages.count - 1])] + stages.dropLast()
    return outIndices.map { all[$0] }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension BiSeNetV2 {
  /// Mirrors mmseg's `DetailBranch`.
  final class DetailBranch: Module, UnaryModule {
    @Named var stages: Sequential

    init(_ config: Config) {
      let style = ConvStyle.standard
      let widths = [config.inChannels] + config.detailChannels
      _stages = Named(
        "detail_branch",
        Sequential(
          config.detailChannels.enumerated().map { index, width in
            Sequential(
              [style.make(widths[index], width, kernel: 3, stride: 2, padding: 1)]
                + (0..<(index == 0 ? 1 : 2)).map { _ in style.make(width, width, kernel: 3, padding: 1) })
          }))
    }

    func callAsFunction(_ x: Tensor) -> Tensor { stages(x) }
  }

  /// Mirrors mmseg's `StemBlock`.
  final class StemBlock: Module, UnaryModule {
    let convFirst: ConvModule
    let convs: Sequential
    let fuseLast: ConvModule

    init(_ inChannels: Int, _ channels: Int) {
      let style = ConvStyle.standard
      convFirst = style.make(inChannels, channels, kernel: 3, stride: 2, padding: 1)
      convs = Sequential([
        style.make(channels, channels / 2, kernel: 1),
        style.make(channels / 2, channels, kernel: 3, stride: 2, padding: 1),
      ])
      fuseLast = style.make(channels * 2, channels, kernel: 3, padding: 1)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let x = convFirst(x)
      return fuseLast(.concatenate([convs(x), x.maxPool2d(3, stride: 2, padding: 1)], axis: 1))
    }
  }

  /// Mirrors mmseg's `GELayer`.
  final class GatherExpandLayer: Module, UnaryModule {
    let conv1: ConvModule
    let dwconv: Sequential
    let shortcut: Sequential?
    let conv2: Sequential

    init(_ inChannels: Int, _ outChannels: Int, expansion: Int, stride: Int) {
      let (style, linear) = (ConvStyle.standard, ConvStyle(norm: .batchNorm))
      let middle = inChannels * expansion
      func depthwise(_ channels: Int, stride: Int, _ style: ConvStyle) -> ConvModule {
        ConvModule(
          channels, middle, kernel: 3, stride: Pair(stride), padding: 1, groups: channels, norm: style.norm,
          activation: style.activation)
      }
      conv1 = style.make(inChannels, inChannels, kernel: 3, padding: 1)
      if stride == 1 {
        dwconv = Sequential([depthwise(inChannels, stride: 1, style)])
        shortcut = nil
      } else {
        dwconv = Sequential([
          depthwise(inChannels, stride: stride, linear), depthwise(middle, stride: 1, style),
        ])
        shortcut = Sequential([
          DepthwiseSeparableConvModule(
            inChannels, outChannels, kernel: 3, stride: Pair(stride), padding: 1, style: linear)
        ])
      }
      conv2 = Sequential([linear.make(middle, outChannels, kernel: 1)])
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      (conv2(dwconv(conv1(x))) + (shortcut.map { $0(x) } ?? x)).relu()
    }
  }

  /// Mirrors mmseg's `CEBlock`.
  final class ContextEmbedding: Module, UnaryModule {
    let gap: Sequential
    let convGap: ConvModule
    let convLast: ConvModule

    init(_ channels: Int) {
      gap = Sequential([AdaptiveAvgPool2d(1), NormConfig.batchNorm.make(channels)])
      convGap = ConvStyle.standard.make(channels, channels, kernel: 1)
      convLast = ConvStyle.standard.make(channels, channels, kernel: 3, padding: 1)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { convLast(x + convGap(gap(x))) }
  }

  /// Mirrors mmseg's `BGALayer`.
  final class BilateralAggregation: Module {
    let detailDwconv: Sequential
    let detailDown: Sequential
    let semanticConv: Sequential
    let semanticDwconv: Sequential
    let conv: ConvModule
    private let alignCorners: Bool

    init(_ channels: Int, alignCorners: Bool) {
      let linear = ConvStyle(norm: .batchNorm)
      func separable() -> Sequential {
        Sequential([
          DepthwiseSeparableConvModule(
            channels, channels, kernel: 3, padding: 1, style: ConvStyle(), depthwise: linear)
        ])
      }
      detailDwconv = separable()
      detailDown = Sequential([
        linear.make(channels, channels, kernel: 3, stride: 2, padding: 1),
        AvgPool2d(3, stride: 2, padding: 1),
      ])
      semanticConv = Sequential([linear.make(channels, channels, kernel: 3, padding: 1)])
      semanticDwconv = separable()
      conv = ConvStyle.standard.make(channels, channels, kernel: 3, padding: 1)
      self.alignCorners = alignCorners
    }

    func callAsFunction(_ detail: Tensor, _ semantic: Tensor) -> Tensor {
      let kept = detailDwconv(detail)
      let fine = kept * semanticConv(semantic).resized(like: kept, alignCorners: alignCorners).sigmoid()
      let coarse = detailDown(detail) * semanticDwconv(semantic).sigmoid()
      return conv(fine + coarse.resized(like: fine, alignCorners: alignCorners))
    }
  }
}
