import Core
import PyConfig

/// Shows one picture in several sizes, mirrored and not. Mirrors mmseg's `MultiScaleFlipAug`.
public struct MultiScaleFlipAug: Transform {
  /// Sizes; `nil` for the picture's own times `ratios`.
  let scales: [TargetScale]?
  let ratios: [Double]
  let flips: Bool
  let directions: [FlipDirection]
  let pipeline: Pipeline

  struct Config: ConfigRecord {
    var transforms: ConfigNode
    var path: String
    var scales: [TargetScale]?
    var ratios: [Double]
    var flips: Bool
    var directions: [FlipDirection]

    init(from reader: inout ConfigReader) throws {
      path = reader.path("transforms")
      transforms = try reader.value("transforms")
      scales = try reader.optional("img_scale", as: ImageScales.self)?.scales
      ratios = try reader.optional("img_ratios", as: OneOrMany<Double>.self)?.elements ?? []
      guard ratios.allSatisfy({ $0 > 0 && $0 <= 1000 }) else {
        throw reader.invalid("must be numbers in 0...1000, found \(ratios)", key: "img_ratios")
      }
      guard scales != nil || !ratios.isEmpty else {
        throw reader.invalid("img_scale or img_ratios must be given")
      }
      flips = try reader.value("flip", default: false)
      directions = try reader.value("flip_direction", default: OneOrMany<FlipDirection>([.horizontal]))
        .elements
      guard !directions.isEmpty, !directions.contains(.diagonal) else {
        throw reader.invalid("must be 'horizontal', 'vertical' or a list of them", key: "flip_direction")
      }
      // One size and ratios: the size times each. With several sizes the original leaves ratios out of account.
      if let scale = scales?.first, scales?.count == 1, !ratios.isEmpty {
        scales = ratios.map {
          TargetScale(width: (scale.width * $0).rounded(.down), height: (scale.height * $0).rounded(.down))
        }
      }
    }
  }

  init(_ config: Config, _ context: BuildContext) throws {
    pipeline = try Pipeline(config.transforms, path: config.path, context)
    (scales, ratios, flips, directions) = (config.scales, config.ratios, config.flips, config.directions)
    let names = config.transforms.items?.map { $0["type"]?.string ?? "" } ?? []
    if flips, let pad = names.lastIndex(of: "Pad"), let flip = names.lastIndex(of: "RandomFlip"), pad < flip {
      throw InvalidConfig("transforms must have Pad behind RandomFlip where flip=True")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    var targets = scales ?? []
    if scales == nil {
      let image = try sample.requireImage("MultiScaleFlipAug")
      targets = ratios.map {
        TargetScale(
          width: (Double(image.width) * $0).rounded(.down), height: (Double(image.height) * $0).rounded(.down)
        )
      }
    }
    var views: [Sample] = []
    for scale in targets {
      for isFlipped in flips ? [false, true] : [false] {
        // As in the original, the view that is not mirrored occurs once for each direction.
        for direction in directions {
          var view = sample
          view.scale = scale
          view.flip = FlipDecision(isFlipped: isFlipped, direction: direction)
          guard try pipeline.apply(&view, using: &generator) else { return false }
          views.append(view)
        }
      }
    }
    sample.views = views
    return true
  }
}
