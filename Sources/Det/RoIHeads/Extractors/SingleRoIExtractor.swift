import Core
import Foundation

/// Reads each region from the one level of a pyramid that fits its size.
///
/// Lin et al., 2016, equation 1 (<https://arxiv.org/abs/1612.03144>). Mirrors mmdet's `SingleRoIExtractor`.
public final class SingleRoIExtractor: Module, RoIExtractor {
  public struct Config: ConfigRecord, Sendable {
    public var base: RoIExtractorConfig
    /// Regions whose side is below twice this are read from the first level.
    public var finestScale: Float

    public init(from reader: inout ConfigReader) throws {
      base = try RoIExtractorConfig(from: &reader)
      finestScale = try reader.value("finest_scale", default: 56)
      guard finestScale > 0 else {
        throw reader.invalid("must be positive, found \(finestScale)", key: "finest_scale")
      }
    }
  }

  private let config: Config

  public init(_ config: Config) { self.config = config }

  public var inputs: Int { config.base.strides.count }
  public var strides: [Int] { config.base.strides }
  public var channels: Int { config.base.outChannels }
  public var outChannels: Int { config.base.outChannels }
  public var output: Pair { config.base.layer.pooling.output }

  /// The level of each region: 0 below `2 · finestScale`, one more with each doubling.
  public func levels(_ rois: RoIs) -> [Int32] {
    let last = Float(inputs - 1)
    return (0..<rois.count).map { index in
      let box = rois[box: index]
      let side = (box.width * box.height).squareRoot()
      let level = log2f(side / config.finestScale + 1e-6).rounded(.down)
      // A box without an area that is a number is empty wherever it is read.
      return level >= 0 ? Int32(min(level, last)) : 0
    }
  }

  public func callAsFunction(_ features: [Tensor], _ rois: RoIs, scale: Float?) -> Tensor {
    let maps = Array(features.prefix(inputs))
    guard inputs > 1 else {
      // As in the original, regions of a single map never grow.
      return config.base.pool(maps, config.base.scales, rois)
    }
    let read = scale.map { rois.scaled(by: $0) } ?? rois
    return config.base.pool(maps, config.base.scales, read, levels: levels(rois))
  }
}
