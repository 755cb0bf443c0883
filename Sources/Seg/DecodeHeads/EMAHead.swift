import Core

/// Rebuilds pixels from a few learnt bases, which are fitted to each image by expectation maximisation.
///
/// Li et al., "Expectation-Maximization Attention Networks", 2019 (<https://arxiv.org/abs/1907.13426>). Mirrors
/// mmseg's `EMAHead`.
final class EMAHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var attentionChannels: Int
    var bases: Int
    var stages: Int
    var concatenatesInput: Bool
    var momentum: Float

    init(from reader: inout ConfigReader) throws {
      attentionChannels = try reader.positive("ema_channels")
      bases = try reader.positive("num_bases")
      stages = try reader.positive("num_stages")
      concatenatesInput = try reader.value("concat_input", default: true)
      momentum = try reader.value("momentum", default: 0.1)
      base = try DecodeHeadConfig(from: &reader)
      try reader.check(base.style.norm, channels: [attentionChannels])
    }
  }

  /// Mirrors mmseg's `EMAModule`.
  final class ExpectationMaximization: Module, UnaryModule {
    /// `[1, channels, bases]`, each of length 1; training moves them along.
    let bases: Buffer
    private let stages: Int
    private let momentum: Float

    init(_ config: Config) {
      let shape = [1, config.attentionChannels, config.bases]
      bases = Buffer(.zeros(shape))
      (stages, momentum) = (config.stages, config.momentum)
      super.init()
      InitialValues.draw { initializeWeights(using: &$0) }
    }

    override func initializeWeights(using generator: inout RandomGenerator) {
      let deviation = (2 / Double(bases.shape[2])).squareRoot()
      bases.assign(Tensor.normal(bases.shape, standardDeviation: deviation, using: &generator).normalized(1))
    }

    /// No gradient passes through, neither to the bases nor to the input.
    func callAsFunction(_ x: Tensor) -> Tensor {
      withoutGradient {
        let rows = x.detached().pixelRows
        var current = bases.value.expanded(to: [x.shape[0]] + bases.shape.dropFirst())
        var weights = rows
        for _ in 0..<stages {
          weights = rows.matmul(current).softmax(2)
          current = rows.transposed().matmul(weights.normalized(1, p: 1)).normalized(1)
        }
        if isTraining {
          let mean = current.mean([0], keepingAxes: true).normalized(1)
          bases.assign(bases.value * (1 - momentum) + mean * momentum)
        }
        return weights.matmul(current.transposed()).asImage(height: x.shape[2], width: x.shape[3])
      }
    }
  }

  let emaModule: ExpectationMaximization
  let emaInConv: ConvModule
  let emaMidConv: ConvModule
  let emaOutConv: ConvModule
  let bottleneck: ConvModule
  let convCat: ConvModule?

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    let (channels, style) = (config.attentionChannels, base.style)
    emaModule = ExpectationMaximization(config)
    emaInConv = base.convModule(base.inChannels, channels, kernel: 3)
    emaMidConv = ConvStyle(conv: style.conv).make(channels, channels, kernel: 1)
    emaMidConv.setRequiresGradient(false)
    emaOutConv = ConvStyle(conv: style.conv, norm: style.norm).make(channels, channels, kernel: 1)
    bottleneck = base.convModule(channels, base.channels, kernel: 3)
    convCat =
      config.concatenatesInput
      ? base.convModule(base.inChannels + base.channels, base.channels, kernel: 3) : nil
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    let identity = emaInConv(x)
    let rebuilt = emaOutConv(emaModule(emaMidConv(identity)).relu())
    let y = bottleneck((identity + rebuilt).relu())
    return convCat.map { $0(.concatenate([x, y], axis: 1)) } ?? y
  }
}
