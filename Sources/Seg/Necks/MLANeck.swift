import Core

/// Sums the feature maps of a vision transformer from the last to the first.
///
/// The multi-level aggregation of SETR, Zheng et al., 2020 (<https://arxiv.org/abs/2012.15840>). Mirrors mmseg's
/// `MLANeck`.
final class MLANeck: Module, Neck {
  struct Config: ConfigRecord {
    var inChannels: [Int]
    var outChannels: Int
    var inputNorm: NormConfig
    var style: ConvStyle

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positives("in_channels")
      outChannels = try reader.positive("out_channels")
      inputNorm = try reader.inputNorm()
      style = ConvStyle(
        norm: try reader.value("norm_cfg", default: nil as NormConfig?),
        activation: try reader.value("act_cfg", default: nil as ActivationConfig?))
      try reader.check(style.norm, channels: [outChannels])
    }
  }

  /// Mirrors mmseg's `MLAModule`.
  final class Aggregation: Module {
    let channelProj: ModuleList<ConvModule>
    let featExtract: ModuleList<ConvModule>

    init(_ config: Config) {
      channelProj = ModuleList(config.inChannels.map { config.style.make($0, config.outChannels, kernel: 1) })
      featExtract = ModuleList(
        config.inChannels.map { _ in
          config.style.make(config.outChannels, config.outChannels, kernel: 3, padding: 1)
        })
    }

    func callAsFunction(_ features: [Tensor]) -> [Tensor] {
      var sums: [Tensor] = []
      for x in zip(channelProj, features).map({ $0($1) }).reversed() {
        sums.append(sums.last.map { $0 + x } ?? x)
      }
      return zip(featExtract, sums).map { $0($1) }
    }
  }

  let norm: NormList
  let mla: Aggregation
  private let inChannels: [Int]

  /// One normalisation for each input.
  final class NormList: Module {
    let layers: [any NormLayer]

    init(_ layers: [any NormLayer]) { self.layers = layers }

    override var listsChildren: Bool { true }
    override var listedChildren: [(key: String, module: Module)] {
      layers.enumerated().map { (String($0), $1) }
    }
  }

  init(_ config: Config) {
    norm = NormList(config.inChannels.map { config.inputNorm.make($0) })
    mla = Aggregation(config)
    inChannels = config.inChannels
  }

  var inputChannels: [Int]? { inChannels }

  func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    mla(zip(norm.layers, features).map { $1.normalizedPixels($0) })
  }
}
