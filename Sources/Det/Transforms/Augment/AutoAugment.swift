import Core
import PyConfig

/// One of several pipelines, drawn for each sample.
///
/// Zoph et al., 2019 (<https://arxiv.org/abs/1906.11172>). Mirrors mmdet's `AutoAugment`.
public struct AutoAugment: Transform {
  struct Config: ConfigRecord {
    var policies: [ConfigNode]
    var path: String

    init(from reader: inout ConfigReader) throws {
      path = reader.path("policies")
      policies = try reader.value("policies")
      guard !policies.isEmpty else { throw reader.invalid("must have a policy, found none", key: "policies") }
    }
  }

  let policies: [Pipeline]

  init(_ config: Config, _ context: BuildContext) throws {
    policies = try config.policies.enumerated().map {
      try Pipeline($1, path: "\(config.path).\($0)", context)
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    try policies[generator.integer(0..<policies.count)].apply(&sample, using: &generator)
  }
}

/// How strong an operation is, and how often it is done: `level` in 0...10.
struct AugmentStrength: Sendable {
  var level: Double
  var probability: Double

  init(from reader: inout ConfigReader, hasLevel: Bool = true) throws {
    level = hasLevel ? try reader.value("level") : 0
    guard (0...10).contains(level) else {
      throw reader.invalid("must be in 0...10, found \(level)", key: "level")
    }
    probability = try reader.share("prob", default: 0.5)
  }

  /// `level` tenths of `most`.
  func value(_ most: Double) -> Double { level / 10 * most }
  /// From 0.1 to 1.9.
  var factor: Double { level / 10 * 1.8 + 0.1 }

  func isDone(_ generator: inout RandomGenerator) -> Bool { generator.uniform() <= probability }
}

/// One change of all colours. Mirrors mmdet's `ColorTransform`, `BrightnessTransform`, `ContrastTransform` and
/// `EqualizeTransform`.
public struct ColorChange: Transform {
  enum Kind: String, Sendable, CaseIterable {
    case color = "ColorTransform"
    case brightness = "BrightnessTransform"
    case contrast = "ContrastTransform"
    case equalize = "EqualizeTransform"
  }

  struct LevelConfig: ConfigRecord {
    var strength: AugmentStrength
    init(from reader: inout ConfigReader) throws { strength = try AugmentStrength(from: &reader) }
  }

  struct PlainConfig: ConfigRecord {
    var strength: AugmentStrength
    init(from reader: inout ConfigReader) throws {
      strength = try AugmentStrength(from: &reader, hasLevel: false)
    }
  }

  let kind: Kind
  let strength: AugmentStrength

  init(_ kind: Kind, _ strength: AugmentStrength) { (self.kind, self.strength) = (kind, strength) }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard strength.isDone(&generator) else { return true }
    let image = try sample.requireImage(kind.rawValue)
    guard !image.isFloat, image.channels == 3 else {
      throw DataError("\(kind.rawValue): an image of 3 channels of bytes", file: sample.file?.path)
    }
    sample.image =
      switch kind {
      case .color: image.adjustedColor(alpha: strength.factor)
      case .brightness: image.adjustedBrightness(factor: strength.factor)
      case .contrast: image.adjustedContrast(factor: strength.factor)
      case .equalize: image.equalized()
      }
    return true
  }
}
