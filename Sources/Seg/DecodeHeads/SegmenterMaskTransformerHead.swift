import Core

/// A transformer over pixels and one token a class; the products of both are the scores.
///
/// Strudel et al., "Segmenter", 2021 (<https://arxiv.org/abs/2105.05633>). Mirrors mmseg's
/// `SegmenterMaskTransformerHead`.
final class SegmenterMaskTransformerHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var depth: Int
    var heads: Int
    var width: Int
    var layer: VisionTransformerLayer.Options
    var dropPath: Float
    var norm: NormConfig
    /// Of the numbers that training starts from.
    var deviation: Double

    init(from reader: inout ConfigReader) throws {
      depth = try reader.value("num_layers")
      guard (0...256).contains(depth) else {
        throw reader.invalid("must be in 0...256, found \(depth)", key: "num_layers")
      }
      heads = try reader.positive("num_heads")
      width = try reader.positive("embed_dims")
      guard width % heads == 0 else {
        throw reader.invalid("must divide embed_dims, \(width), found \(heads)", key: "num_heads")
      }
      layer = VisionTransformerLayer.Options()
      layer.attention = .torch
      layer.hidden = try reader.positive("mlp_ratio", default: 4) * width
      dropPath = try reader.value("drop_path_rate", default: 0.1)
      layer.dropout = try reader.value("drop_rate", default: 0)
      layer.attentionDropout = try reader.value("attn_drop_rate", default: 0)
      for (key, rate) in [
        ("drop_path_rate", dropPath), ("drop_rate", layer.dropout),
        ("attn_drop_rate", layer.attentionDropout),
      ] {
        guard (0...1).contains(rate) else {
          throw reader.invalid("must be in 0...1, found \(rate)", key: key)
        }
      }
      layer.feedForwardLayers = try reader.value("num_fcs", default: 2)
      guard (2...64).contains(layer.feedForwardLayers) else {
        throw reader.invalid("must be in 2...64, found \(layer.feedForwardLayers)", key: "num_fcs")
      }
      layer.qkvBias = try reader.value("qkv_bias", default: true)
      layer.activation = try reader.value("act_cfg", default: .function(.gelu))
      norm = try reader.value("norm_cfg", default: NormConfig(.layerNorm))
      guard norm.kind == .layerNorm else {
        throw reader.invalid("must be LN, which takes rows of features", key: "norm_cfg")
      }
      layer.norm = norm
      deviation = try reader.value("init_std", default: 0.02)
      base = try DecodeHeadConfig(from: &reader)
    }
  }

  /// `[1, classes, width]`
  let clsEmb: Parameter
  let layers: ModuleList<VisionTransformerLayer>
  let decProj: Linear
  let patchProj: Linear
  let classesProj: Linear
  let decoderNorm: any NormLayer
  let maskNorm: any NormLayer
  private let deviation: Double

  init(_ config: Config, _ context: BuildContext) throws {
    let (base, width) = (config.base, config.width)
    clsEmb = Parameter(.zeros([1, base.classes, width]))
    layers = ModuleList(
      stochasticDepthRates(config.dropPath, count: config.depth).map { rate in
        var options = config.layer
        options.dropPath = rate
        return VisionTransformerLayer(width, heads: config.heads, options)
      })
    decProj = Linear(base.inChannels, width)
    patchProj = Linear(width, width, bias: false)
    classesProj = Linear(width, width, bias: false)
    decoderNorm = config.norm.make(width)
    maskNorm = config.norm.make(base.classes)
    deviation = config.deviation
    try super.init(base, context, classifiesPixels: false)
    InitialValues.draw { Init.normal(clsEmb, using: &$0) }
  }

  override func callAsFunction(_ features: [Tensor]) throws -> Tensor {
    let map = try input(features)
    let (n, h, w) = (map.shape[0], map.shape[2], map.shape[3])
    let tokens = clsEmb.value.expanded(to: [n] + clsEmb.shape.dropFirst())
    var x = Tensor.concatenate([decProj(map.pixelRows), tokens], axis: 1)
    for layer in layers { x = layer(x) }
    x = decoderNorm(x)
    let pixels = patchProj(x.sliced(1, 0..<(h * w))).normalized(2)
    let kinds = classesProj(x.sliced(1, (h * w)..<x.shape[1])).normalized(2)
    return maskNorm(pixels.matmul(kinds.transposed())).asImage(height: h, width: w)
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    Init.truncatedNormal(clsEmb, standardDeviation: deviation, using: &generator)
  }

  /// The original sets all linear layers and norms, whatever `init_cfg` says.
  override var initialization: [InitConfig] {
    [
      InitConfig(.truncatedNormal(mean: 0, std: deviation, low: -2, high: 2), layers: ["Linear"]),
      .constant(1, layers: ["LayerNorm"]),
    ]
  }
}
