import Core

/// Depthwise convolutions with kernels that are made from the image itself.
///
/// He et al., "Dynamic Multi-scale Filters", ICCV 2019. Mirrors mmseg's `DMHead`.
final class DMHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var sizes: [Int]
    var fuses: Bool

    init(from reader: inout ConfigReader) throws {
      sizes = try reader.positives("filter_sizes", default: [1, 3, 5, 7])
      fuses = try reader.value("fusion", default: false)
      base = try DecodeHeadConfig(from: &reader)
      guard base.style.activation != nil else {
        throw reader.invalid("must be an activation", key: "act_cfg")
      }
    }
  }

  /// One size of kernel. Mirrors mmseg's `DCM`.
  final class DynamicConvolution: Module, UnaryModule {
    let filterGenConv: Conv2d
    let inputReduConv: ConvModule
    let norm: (any NormLayer)?
    let activate: (any UnaryModule)?
    let fusionConv: ConvModule?
    private let size: Int

    init(_ config: Config, size: Int) {
      let base = config.base
      filterGenConv = Conv2d(base.inChannels, base.channels, kernel: 1)
      inputReduConv = base.convModule(base.inChannels, base.channels, kernel: 1)
      norm = base.style.norm?.make(base.channels)
      activate = base.style.activation?.make()
      fusionConv = config.fuses ? base.convModule(base.channels, base.channels, kernel: 1) : nil
      self.size = size
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let kernels = filterGenConv(x.adaptiveAvgPool2d(Pair(size)))
      let x = inputReduConv(x)
      let channels = x.shape[1]
      let end = (size - 1) / 2
      // Each image has kernels of its own.
      let images = (0..<x.shape[0]).map { index in
        x.sliced(0, index..<(index + 1)).conv2d(
          kernels.selected(0, index).reshaped([channels, 1, size, size]), padding: Pair(size - 1 - end),
          endPadding: Pair(end), groups: channels)
      }
      var y = Tensor.concatenate(images, axis: 0)
      if let norm { y = norm(y) }
      if let activate { y = activate(y) }
      return fusionConv.map { $0(y) } ?? y
    }
  }

  let dcmModules: ModuleList<DynamicConvolution>
  let bottleneck: ConvModule

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    dcmModules = ModuleList(config.sizes.map { DynamicConvolution(config, size: $0) })
    bottleneck = base.convModule(
      base.inChannels + config.sizes.count * base.channels, base.channels, kernel: 3)
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    return bottleneck(.concatenate([x] + dcmModules.map { $0(x) }, axis: 1))
  }
}
