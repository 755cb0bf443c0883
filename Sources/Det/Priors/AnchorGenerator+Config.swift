import Core
import Foundation
import PyConfig

/// `AnchorGenerator` and `LegacyAnchorGenerator`.
struct AnchorGeneratorConfig: ConfigRecord {
  var strides: [Pair]
  var ratios, scales: [Float]
  var baseSizes: [Float]
  var scaleMajor: Bool
  var octaveBaseScale: Float?
  var scalesPerOctave: Int?
  var centers: [[Float]]?
  var centerOffset: Float

  init(from reader: inout ConfigReader) throws {
    strides = try reader.strides()
    ratios = try reader.positive("ratios")
    let given: [Float]? = try reader.optional("scales")
    let base: Double? = try reader.optional("octave_base_scale")
    scalesPerOctave = try reader.optional("scales_per_octave")
    octaveBaseScale = base.map { Float($0) }
    if let given, base == nil || scalesPerOctave == nil {
      scales = given
    } else if given == nil, let base, let count = scalesPerOctave {
      guard (1...1000).contains(count) else {
        throw reader.invalid("must be in 1...1000, found \(count)", key: "scales_per_octave")
      }
      scales = (0..<count).map { Float(pow(2, Double($0) / Double(count)) * base) }
    } else {
      throw reader.invalid("must have either scales or both octave_base_scale and scales_per_octave")
    }
    let sides = strides.map { Float(min($0.h, $0.w)) }
    baseSizes = try reader.optional("base_sizes") ?? sides
    guard baseSizes.count == strides.count else {
      throw reader.invalid(
        "must have one side for each of \(strides.count) strides, found \(baseSizes.count)", key: "base_sizes"
      )
    }
    scaleMajor = try reader.value("scale_major", default: true)
    centers = try reader.optional("centers")
    if let centers, centers.count != strides.count || centers.contains(where: { $0.count != 2 }) {
      throw reader.invalid("must have one (x, y) for each of \(strides.count) strides", key: "centers")
    }
    centerOffset = try reader.value("center_offset", default: 0)
    guard (0...1).contains(centerOffset) else {
      throw reader.invalid("must be in 0...1, found \(centerOffset)", key: "center_offset")
    }
    guard centerOffset == 0 || centers == nil else {
      throw reader.invalid("centers and center_offset do not go together")
    }
  }

  func make(isLegacy: Bool = false) -> AnchorGenerator {
    let base = strides.indices.map { level in
      let offset = centerOffset * (isLegacy ? baseSizes[level] - 1 : baseSizes[level])
      return AnchorGenerator.base(
        side: baseSizes[level], scales: scales, ratios: ratios, scaleMajor: scaleMajor,
        center: centers.map { ($0[level][0], $0[level][1]) } ?? (offset, offset), isLegacy: isLegacy)
    }
    return AnchorGenerator(
      strides: strides, baseAnchors: base, baseSizes: baseSizes, scalesPerOctave: scalesPerOctave,
      octaveBaseScale: octaveBaseScale)
  }
}

extension ConfigReader {
  /// `strides`: numbers or pairs (x, y), positive.
  mutating func strides(_ key: String = "strides") throws -> [Pair] {
    // The original writes a pair as (x, y).
    let strides = try value(key, as: [Pair].self).map { Pair(h: $0.w, w: $0.h) }
    guard !strides.isEmpty, strides.allSatisfy({ $0.h > 0 && $0.w > 0 }) else {
      throw invalid("must be positive, one a level", key: key)
    }
    return strides
  }

  /// A list of positive numbers.
  mutating func positive(_ key: String) throws -> [Float] {
    let values: [Float] = try value(key)
    guard !values.isEmpty, values.allSatisfy({ $0 > 0 }) else {
      throw invalid("must be positive numbers", key: key)
    }
    return values
  }
}
