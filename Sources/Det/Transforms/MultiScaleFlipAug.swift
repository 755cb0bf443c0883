import Core
import PyConfig

/// Prepares the picture in each of several scales, as it is and mirrored; the model is asked about all of them.
/// Mirrors mmdet's `MultiScaleFlipAug`.
public struct MultiScaleFlipAug: Transform {
  struct Config: ConfigRecord {
    var transforms: ConfigNodeBox
    var scales: [Resize.Scale]?
    var factors: [Double]?
    var flips: Bool
    var directions: [FlipDirection]

    init(from reader: inout ConfigReader) throws {
      transforms = ConfigNodeBox(
        try reader.value("transforms", as: ConfigNode.self), path: reader.path("transforms"))
      scales = try reader.scales("img_scale")
      factors = try reader.optional("scale_factor", as: OneOrMany<Double>.self)?.elements
      guard (scales == nil) != (factors == nil) else {
        throw reader.invalid("exactly one of img_scale and scale_factor must be given")
      }
      if let factors, factors.isEmpty || !factors.allSatisfy({ $0 > 0 && $0 <= 1000 }) {
        throw reader.invalid("must be in 0...1000, found \(factors)", key: "scale_factor")
      }
      flips = try reader.value("flip", default: false)
      directions = try reader.value("flip_direction", default: OneOrMany<FlipDirection>([.horizontal]))
        .elements
    }
  }

  let pipeline: Pipeline
  let config: Config

  init(_ config: Config, _ context: BuildContext) throws {
    self.config = config
    pipeline =
      try config.transforms.node.map { try Pipeline($0, path: config.transforms.path, context) }
      ?? Pipeline([])
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    var views: [Sample] = []
    let flips: [FlipDirection?] = [nil] + (config.flips ? config.directions : [])
    func add(_ prepare: (inout DetectionFields) -> Void) throws {
      for direction in flips {
        var view = sample
        prepare(&view.detection)
        view.detection.flip = (direction != nil, direction)
        guard try pipeline.apply(&view, using: &generator) else {
          throw DataError("MultiScaleFlipAug: its transforms dropped the picture", file: sample.file?.path)
        }
        views.append(view)
      }
    }
    for scale in config.scales ?? [] { try add { $0.scale = (scale.first, scale.second) } }
    for factor in config.factors ?? [] { try add { $0.factor = factor } }
    sample.views = views
    return true
  }
}
