import Core

/// Convolutions, each followed by an enlargement, on the normalised features of a vision transformer.
///
/// The naive and the progressive head of SETR, Zheng et al., 2020 (<https://arxiv.org/abs/2012.15840>). Mirrors
/// mmseg's `SETRUPHead`.
final class SETRUPHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var inputNorm: NormConfig
    var convolutions: Int
    var factor: ScaleFactor
    var kernel: Int

    init(from reader: inout ConfigReader) throws {
      inputNorm = try reader.inputNorm()
      convolutions = try reader.value("num_convs", default: 1)
      guard (0...64).contains(convolutions) else {
        throw reader.invalid("must be in 0...64, found \(convolutions)", key: "num_convs")
      }
      factor = try reader.enlargement("up_scale", default: 4)
      kernel = try reader.value("kernel_size", default: 3)
      guard kernel == 1 || kernel == 3 else {
        throw reader.invalid("must be 1 or 3, found \(kernel)", key: "kernel_size")
      }
      base = try DecodeHeadConfig(
        from: &reader,
        initialization: [.constant(1, layers: ["LayerNorm"])] + DecodeHeadConfig.standardInitialization)
      guard base.transform == nil else { throw reader.invalid("must be missing", key: "input_transform") }
      guard convolutions > 0 || base.inChannels == base.channels else {
        throw reader.invalid("without convolutions, channels must be in_channels", key: "num_convs")
      }
    }
  }

  let norm: any NormLayer
  let upConvs: ModuleList<Sequential>

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    norm = config.inputNorm.make(base.inChannels)
    upConvs = ModuleList(
      (0..<config.convolutions).map { index in
        Sequential([
          base.separableStyle.make(
            index == 0 ? base.inChannels : base.channels, base.channels, kernel: Pair(config.kernel),
            padding: Pair((config.kernel - 1) / 2)),
          Enlarge(config.factor, alignCorners: base.alignCorners),
        ])
      })
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    var x = try input(features).normalizedPixels(norm)
    for upConv in upConvs { x = upConv(x) }
    return x
  }
}

extension ConfigReader {
  /// The `norm_layer` of SETR's parts, a layer normalisation unless they say otherwise.
  mutating func inputNorm() throws -> NormConfig {
    var standard = NormConfig(.layerNorm)
    standard.eps = 1e-6
    let norm = try value("norm_layer", default: standard)
    guard norm.kind == .layerNorm else {
      throw invalid("must be LN, which takes rows of features", key: "norm_layer")
    }
    return norm
  }

  /// A factor above 0.
  mutating func enlargement(_ key: String, default standard: ScaleFactor) throws -> ScaleFactor {
    let factor = try value(key, default: standard)
    guard factor.h > 0, factor.w > 0, factor.h <= 64, factor.w <= 64 else {
      throw invalid("must be in 0...64, found \(factor.h)", key: key)
    }
    return factor
  }
}

extension Tensor {
  /// An image `[N, C, H, W]` whose pixels are normalised by a layer for rows of `C` numbers.
  func normalizedPixels(_ norm: any NormLayer) -> Tensor {
    norm(permuted([0, 2, 3, 1])).permuted([0, 3, 1, 2])
  }
}
