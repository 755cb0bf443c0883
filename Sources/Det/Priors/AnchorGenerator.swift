import Core
import Foundation

/// Boxes of several sizes and shapes around every position of feature maps.
///
/// Mirrors mmdet's `AnchorGenerator` and the generators derived from it, which differ in the boxes of one position only.
/// Within a level the boxes of a position come together, positions go row by row.
public struct AnchorGenerator: Sendable {
  /// Pixels of the picture from one position to the next, for each level.
  public let strides: [Pair]
  /// The boxes of position (0, 0), for each level.
  public let baseAnchors: [Boxes]
  /// The sides from which each level's boxes were made, where the generator works with one side a level.
  public let baseSizes: [Float]
  /// How many boxes an octave of scales has, where the config says.
  public let scalesPerOctave: Int?
  /// The scale of the first of them.
  public let octaveBaseScale: Float?

  init(
    strides: [Pair], baseAnchors: [Boxes], baseSizes: [Float] = [], scalesPerOctave: Int? = nil,
    octaveBaseScale: Float? = nil
  ) {
    (self.strides, self.baseAnchors, self.baseSizes) = (strides, baseAnchors, baseSizes)
    (self.scalesPerOctave, self.octaveBaseScale) = (scalesPerOctave, octaveBaseScale)
  }

  public var levels: Int { strides.count }
  /// Boxes a position, for each level.
  public var basePriors: [Int] { baseAnchors.map(\.count) }

  /// All boxes of one level.
  public func priors(level: Int, size: Pair) -> Boxes {
    let (base, stride) = (baseAnchors[level], strides[level])
    var values: [Float] = []
    values.reserveCapacity(size.h * size.w * base.values.count)
    for row in 0..<size.h {
      let y = Float(row) * Float(stride.h)
      for column in 0..<size.w {
        let x = Float(column) * Float(stride.w)
        for index in base.indices {
          let box = base[index]
          values.append(box.x1 + x)
          values.append(box.y1 + y)
          values.append(box.x2 + x)
          values.append(box.y2 + y)
        }
      }
    }
    return Boxes(values)
  }

  /// Some boxes of one level.
  public func priors(_ kept: [Int], level: Int, sizes: [Pair]) throws -> Boxes {
    try check(sizes)
    let (base, stride, width) = (baseAnchors[level], strides[level], sizes[level].w)
    return Boxes(
      kept.map { index in
        let (box, position) = (base[index % base.count], index / base.count)
        let x = Float(position % width) * Float(stride.w)
        let y = Float(position / width) * Float(stride.h)
        return Box(box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y)
      })
  }

  /// All boxes of all levels.
  ///
  /// - Throws: `InvalidConfig` where there are not as many feature maps as levels.
  public func priors(sizes: [Pair]) throws -> [Boxes] {
    try check(sizes)
    return sizes.indices.map { priors(level: $0, size: sizes[$0]) }
  }

  private func check(_ sizes: [Pair]) throws {
    guard sizes.count == levels else {
      throw InvalidConfig(
        "the anchor generator has \(levels) strides, the head gets \(sizes.count) feature maps; they must agree"
      )
    }
  }

  /// Which boxes belong to positions within the picture of a padded batch.
  ///
  /// - Parameter padShape: height and width of the picture with its own padding.
  public func validFlags(level: Int, size: Pair, padShape: [Int]) -> [Bool] {
    let stride = strides[level]
    let height = min((padShape[0] + stride.h - 1) / stride.h, size.h)
    let width = min((padShape[1] + stride.w - 1) / stride.w, size.w)
    let count = baseAnchors[level].count
    var flags: [Bool] = []
    flags.reserveCapacity(size.h * size.w * count)
    for row in 0..<size.h {
      for column in 0..<size.w {
        let valid = row < height && column < width
        for _ in 0..<count { flags.append(valid) }
      }
    }
    return flags
  }
}

extension AnchorGenerator {
  /// The boxes of one position: all `scales` of each ratio, or all ratios of each scale.
  ///
  /// - Parameters:
  ///   - side: of the box with ratio 1 and scale 1, in pixels.
  ///   - isLegacy: as mmdet 1.x had them, with corners at whole pixels and sides of one pixel less.
  static func base(
    side: Float, scales: [Float], ratios: [Float], scaleMajor: Bool, center: (x: Float, y: Float),
    isLegacy: Bool = false
  ) -> Boxes {
    let shapes = ratios.map { ratio -> (w: Float, h: Float) in
      let h = ratio.squareRoot()
      return (1 / h, h)
    }
    var sides: [(w: Float, h: Float)] = []
    if scaleMajor {
      for shape in shapes {
        for scale in scales { sides.append((side * shape.w * scale, side * shape.h * scale)) }
      }
    } else {
      for scale in scales {
        for shape in shapes { sides.append((side * scale * shape.w, side * scale * shape.h)) }
      }
    }
    return Boxes(
      sides.map { w, h in
        let (w, h) = isLegacy ? (w - 1, h - 1) : (w, h)
        let box = Box(center.x - 0.5 * w, center.y - 0.5 * h, center.x + 0.5 * w, center.y + 0.5 * h)
        return isLegacy
          ? Box(even(box.x1), even(box.y1), even(box.x2), even(box.y2)) : box
      })
  }

  private static func even(_ x: Float) -> Float { x.rounded(.toNearestOrEven) }
}
