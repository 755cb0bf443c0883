import Core

/// Reads each region from all levels of a pyramid, and adds them up or puts them one behind the other.
///
/// Rossi et al., 2020 (<https://arxiv.org/abs/2004.13665>). Mirrors mmdet's `GenericRoIExtractor`.
public final class GenericRoIExtractor: Module, RoIExtractor {
  public enum Aggregation: String, Sendable, CaseIterable, ConfigDecodable {
    case sum, concat
  }

  public struct Config: ConfigRecord, Sendable {
    public var base: RoIExtractorConfig
    public var aggregation: Aggregation
    /// Applied to what is read from each level, and to the result.
    public var before, after: PluginConfig?

    public init(from reader: inout ConfigReader) throws {
      base = try RoIExtractorConfig(from: &reader)
      aggregation = try reader.value("aggregation", default: .sum)
      before = try reader.optional("pre_cfg")
      after = try reader.optional("post_cfg")
      let levels = base.strides.count
      if aggregation == .concat, levels > 1, base.outChannels % levels != 0 {
        throw reader.invalid(
          "must be divisible by the number of levels, \(levels), to be put together, found \(base.outChannels)",
          key: "out_channels")
      }
    }
  }

  let postModule: (any UnaryModule)?
  let preModule: (any UnaryModule)?
  private let config: Config

  public init(_ config: Config) throws {
    self.config = config
    let channels =
      config.aggregation == .concat
      ? config.base.outChannels / config.base.strides.count : config.base.outChannels
    postModule = try config.after?.make(inChannels: config.base.outChannels)
    preModule = try config.before?.make(inChannels: channels)
    if case .convModule(let out, _, _)? = config.before?.layer, out != channels {
      throw InvalidConfig("pre_cfg.out_channels must be \(channels), found \(out)")
    }
  }

  public var inputs: Int { config.base.strides.count }
  public var strides: [Int] { config.base.strides }
  public var outChannels: Int { config.base.outChannels }
  public var output: Pair { config.base.layer.pooling.output }
  public var channels: Int {
    config.aggregation == .concat && inputs > 1 ? outChannels / inputs : outChannels
  }

  public func callAsFunction(_ features: [Tensor], _ rois: RoIs, scale: Float?) -> Tensor {
    let read = inputs > 1 ? scale.map { rois.scaled(by: $0) } ?? rois : rois
    let levels = (0..<inputs).map { level -> Tensor in
      let pooled = config.base.pool([features[level]], [config.base.scales[level]], read)
      // As in the original, a single map or no regions go through neither layer.
      return inputs > 1 && !rois.isEmpty ? preModule.map { $0(pooled) } ?? pooled : pooled
    }
    guard inputs > 1 else { return levels[0] }
    let joined =
      config.aggregation == .sum
      ? levels.dropFirst().reduce(levels[0], +) : Tensor.concatenate(levels, axis: 1)
    return rois.isEmpty ? joined : postModule.map { $0(joined) } ?? joined
  }
}
