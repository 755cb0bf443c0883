import Core

/// Makes feature maps of one size, those of a vision transformer, into maps of several.
///
/// Mirrors mmseg's `Feature2Pyramid`.
final class Feature2Pyramid: Module, Neck {
  struct Config: ConfigRecord {
    var channels: Int
    var factors: [Double]
    var norm: NormConfig

    init(from reader: inout ConfigReader) throws {
      channels = try reader.positive("embed_dim")
      factors = try reader.value("rescales", default: [4, 2, 1, 0.5])
      norm = try reader.value("norm_cfg", default: .batchNorm)
      // Maps meet their layers by position: either of these four, in this order.
      let known: [[Double]] = [[4, 2, 1, 0.5], [2, 1, 0.5, 0.25]]
      guard known.contains(where: { $0.starts(with: factors) }), !factors.isEmpty else {
        throw reader.invalid("must be [4, 2, 1, 0.5] or [2, 1, 0.5, 0.25], found \(factors)", key: "rescales")
      }
      try reader.check(norm, channels: [channels])
    }
  }

  @Named var upsample4x: Sequential?
  @Named var upsample2x: Sequential?
  private let factors: [Double]
  private let channels: Int

  init(_ config: Config) {
    let channels = config.channels
    func doubled() -> ConvTranspose2d { ConvTranspose2d(channels, channels, kernel: 2, stride: 2) }
    _upsample4x = Named(
      "upsample_4x",
      config.factors.contains(4)
        ? Sequential([doubled(), config.norm.make(channels), Activation(.gelu), doubled()]) : nil)
    _upsample2x = Named("upsample_2x", config.factors.contains(2) ? Sequential([doubled()]) : nil)
    (factors, self.channels) = (config.factors, channels)
  }

  var inputChannels: [Int]? { [Int](repeating: channels, count: factors.count) }

  func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    zip(factors, features).map { factor, x in
      switch factor {
      case 4: upsample4x?(x) ?? x
      case 2: upsample2x?(x) ?? x
      case 0.5: x.maxPool2d(2, stride: 2)
      case 0.25: x.maxPool2d(4, stride: 4)
      default: x
      }
    }
  }
}
