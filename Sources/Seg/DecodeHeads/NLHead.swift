import Core

/// Attention between all pixels, between two convolutions.
///
/// Wang et al., "Non-local Neural Networks", 2017 (<https://arxiv.org/abs/1711.07971>). Mirrors mmseg's `NLHead`.
final class NLHead: FCNHead {
  struct AttentionConfig: ConfigRecord {
    var head: FCNHead.Config
    var options = NonLocal2d.Options()

    init(from reader: inout ConfigReader) throws {
      options.reduction = try reader.positive("reduction", default: 2)
      options.usesScale = try reader.value("use_scale", default: true)
      options.mode = try reader.value("mode", default: .embeddedGaussian)
      head = try FCNHead.Config(from: &reader, convolutions: 2)
      (options.conv, options.norm) = (head.base.style.conv, head.base.style.norm)
      guard options.mode != .gaussian else {
        // The original asks here for pooling that it cannot be told of.
        throw reader.invalid(
          "must be one of concatenation, dot_product, embedded_gaussian, found 'gaussian'", key: "mode")
      }
    }
  }

  let nlBlock: NonLocal2d

  init(_ config: AttentionConfig, _ context: BuildContext) throws {
    nlBlock = NonLocal2d(config.head.base.channels, config.options)
    try super.init(config.head, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    return joined(x, convs[1](nlBlock(convs[0](x))))
  }
}
