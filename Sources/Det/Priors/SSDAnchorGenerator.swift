import Core
import Foundation
import PyConfig

/// `SSDAnchorGenerator` and `LegacySSDAnchorGenerator`: boxes of a smallest and a largest size on each level, the smallest
/// in several shapes as well.
///
/// Liu et al., 2015, section 2.2 (<https://arxiv.org/abs/1512.02325>).
struct SSDAnchorGeneratorConfig: ConfigRecord {
  var strides: [Pair]
  var ratios: [[Float]]
  var smallest, largest: [Float]
  var scaleMajor: Bool

  init(from reader: inout ConfigReader) throws {
    strides = try reader.strides()
    ratios = try reader.value("ratios")
    guard ratios.count == strides.count, ratios.allSatisfy({ $0.allSatisfy { $0 > 0 } }) else {
      throw reader.invalid("must have positive numbers for each of \(strides.count) strides", key: "ratios")
    }
    scaleMajor = try reader.value("scale_major", default: true)
    let inputSize = try reader.value("input_size", default: 300)
    let range: [Double] = try reader.value("basesize_ratio_range", default: [0.15, 0.9])
    let (least, most): ([Float]?, [Float]?) = (
      try reader.optional("min_sizes"), try reader.optional("max_sizes")
    )
    switch (least, most) {
    case (let least?, let most?): (smallest, largest) = (least, most)
    case (nil, nil):
      guard range.count == 2, strides.count > 2 else {
        throw reader.invalid(
          "basesize_ratio_range must have two numbers, and there must be more than two strides")
      }
      guard let sizes = Self.sizes(inputSize, range, levels: strides.count) else {
        throw reader.invalid(
          "without min_sizes and max_sizes, input_size must be 300 with a basesize_ratio_range from 0.15 or 0.2, or 512 "
            + "with one from 0.1 or 0.15, found \(inputSize) and \(range[0])")
      }
      (smallest, largest) = sizes
    default: throw reader.invalid("min_sizes and max_sizes must be given together")
    }
    guard smallest.count == strides.count, largest.count == strides.count, smallest.allSatisfy({ $0 > 0 })
    else {
      throw reader.invalid(
        "must have a positive min_sizes and max_sizes entry for each of \(strides.count) strides")
    }
  }

  /// The original's sizes: percents of the input, the first level's from a table.
  private static func sizes(_ input: Int, _ range: [Double], levels: Int) -> (
    smallest: [Float], largest: [Float]
  )? {
    let first: (Int, Int)? =
      switch (input, range[0]) {
      case (300, 0.15): (7, 15)
      case (300, 0.2): (10, 20)
      case (512, 0.1): (4, 10)
      case (512, 0.15): (7, 15)
      default: nil
      }
    let (low, high) = (Int(range[0] * 100), Int(range[1] * 100))
    let step = (high - low) / (levels - 2)
    guard let first, step > 0 else { return nil }
    func size(_ percent: Int) -> Float { Float(Int(Double(input * percent) / 100)) }
    let percents: [Int] = Array(stride(from: low, through: high, by: step))
    let smallest: [Float] = [size(first.0)] + percents.map { size($0) }
    let largest: [Float] = [size(first.1)] + percents.map { size($0 + step) }
    return (smallest, largest)
  }

  func make(isLegacy: Bool = false) -> AnchorGenerator {
    let base = strides.indices.map { level -> Boxes in
      let shapes: [Float] = [1] + ratios[level].flatMap { [1 / $0, $0] }
      let stride = strides[level]
      let center =
        isLegacy
        ? (x: Float(stride.w - 1) / 2, y: Float(stride.h - 1) / 2)
        : (x: Float(stride.w) / 2, y: Float(stride.h) / 2)
      let scales: [Float] = [1, Float((Double(largest[level]) / Double(smallest[level])).squareRoot())]
      let all = AnchorGenerator.base(
        side: smallest[level], scales: scales, ratios: shapes, scaleMajor: scaleMajor, center: center,
        isLegacy: isLegacy)
      // The smallest square, the largest square, then the other shapes of the smallest.
      return all[[0, shapes.count] + (1..<shapes.count)]
    }
    return AnchorGenerator(strides: strides, baseAnchors: base, baseSizes: smallest)
  }
}
