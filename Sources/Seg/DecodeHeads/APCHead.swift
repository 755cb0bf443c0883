import Core

/// Each pixel sees means over grids of several sizes, by weights that it works out itself.
///
/// He et al., "Adaptive Pyramid Context Network", CVPR 2019. Mirrors mmseg's `APCHead`.
final class APCHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var scales: [Int]
    var fuses: Bool

    init(from reader: inout ConfigReader) throws {
      scales = try reader.positives("pool_scales", default: [1, 2, 3, 6])
      fuses = try reader.value("fusion", default: true)
      base = try DecodeHeadConfig(from: &reader)
    }
  }

  /// The context of one grid. Mirrors mmseg's `ACM`.
  final class AdaptiveContext: Module, UnaryModule {
    let pooledReduConv: ConvModule
    let inputReduConv: ConvModule
    let globalInfo: ConvModule
    let gla: Conv2d
    let residualConv: ConvModule
    let fusionConv: ConvModule?
    private let scale: Int

    init(_ config: Config, scale: Int) {
      let base = config.base
      pooledReduConv = base.convModule(base.inChannels, base.channels, kernel: 1)
      inputReduConv = base.convModule(base.inChannels, base.channels, kernel: 1)
      globalInfo = base.convModule(base.channels, base.channels, kernel: 1)
      gla = Conv2d(base.channels, scale * scale, kernel: 1)
      residualConv = base.convModule(base.channels, base.channels, kernel: 1)
      fusionConv = config.fuses ? base.convModule(base.channels, base.channels, kernel: 1) : nil
      self.scale = scale
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let cells = pooledReduConv(x.adaptiveAvgPool2d(Pair(scale))).pixelRows
      let x = inputReduConv(x)
      let affinity = gla(x + globalInfo(x.globalAvgPool2d())).sigmoid().pixelRows
      let context = residualConv(affinity.matmul(cells).asImage(height: x.shape[2], width: x.shape[3]))
      let y = (context + x).relu()
      return fusionConv.map { $0(y) } ?? y
    }
  }

  let acmModules: ModuleList<AdaptiveContext>
  let bottleneck: ConvModule

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    acmModules = ModuleList(config.scales.map { AdaptiveContext(config, scale: $0) })
    bottleneck = base.convModule(
      base.inChannels + config.scales.count * base.channels, base.channels, kernel: 3)
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    return bottleneck(.concatenate([x] + acmModules.map { $0(x) }, axis: 1))
  }
}
