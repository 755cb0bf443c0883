import Core

/// One weighted mean of the whole image, given to all pixels, between two convolutions.
///
/// Cao et al., "GCNet", 2019 (<https://arxiv.org/abs/1904.11492>). Mirrors mmseg's `GCHead`.
final class GCHead: FCNHead {
  struct ContextConfig: ConfigRecord {
    var head: FCNHead.Config
    var ratio: Double
    var pooling: ContextBlock.Pooling
    var fusions: [ContextBlock.Fusion]

    init(from reader: inout ConfigReader) throws {
      ratio = try reader.value("ratio", default: 0.25)
      pooling = try reader.value("pooling_type", default: .attention)
      fusions = try reader.value("fusion_types", default: [.channelAdd])
      guard !fusions.isEmpty else {
        throw reader.invalid("must name at least one fusion", key: "fusion_types")
      }
      head = try FCNHead.Config(from: &reader, convolutions: 2)
      guard ratio <= 16, Int(Double(head.base.channels) * ratio) > 0 else {
        throw reader.invalid(
          "must leave at least one of \(head.base.channels) channels, found \(ratio)", key: "ratio")
      }
    }
  }

  let gcBlock: ContextBlock

  init(_ config: ContextConfig, _ context: BuildContext) throws {
    gcBlock = ContextBlock(
      config.head.base.channels, ratio: config.ratio, pooling: config.pooling, fusions: config.fusions)
    try super.init(config.head, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    return joined(x, convs[1](gcBlock(convs[0](x))))
  }
}
