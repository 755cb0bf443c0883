import Core

/// Criss-cross attention, applied more than once, between two convolutions.
///
/// Huang et al., "CCNet", 2018 (<https://arxiv.org/abs/1811.11721>). Mirrors mmseg's `CCHead`.
final class CCHead: FCNHead {
  struct AttentionConfig: ConfigRecord {
    var head: FCNHead.Config
    var recurrence: Int

    init(from reader: inout ConfigReader) throws {
      recurrence = try reader.value("recurrence", default: 2)
      guard (0...64).contains(recurrence) else {
        throw reader.invalid("must be in 0...64, found \(recurrence)", key: "recurrence")
      }
      head = try FCNHead.Config(from: &reader, convolutions: 2)
      guard head.base.channels >= 8 else {
        throw reader.invalid("must be at least 8, found \(head.base.channels)", key: "channels")
      }
    }
  }

  let cca: CrissCrossAttention
  private let recurrence: Int

  init(_ config: AttentionConfig, _ context: BuildContext) throws {
    cca = CrissCrossAttention(config.head.base.channels)
    recurrence = config.recurrence
    try super.init(config.head, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    var y = convs[0](x)
    for _ in 0..<recurrence { y = cca(y) }
    return joined(x, convs[1](y))
  }
}
