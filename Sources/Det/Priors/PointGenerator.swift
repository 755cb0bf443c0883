import Core

/// The points of the picture under the positions of feature maps. Mirrors mmdet's `MlvlPointGenerator`.
public struct PointGenerator: Sendable {
  public let strides: [Pair]
  /// Where in its cell a point lies, in strides.
  public let offset: Float

  public init(strides: [Pair], offset: Float = 0.5) { (self.strides, self.offset) = (strides, offset) }

  /// `x, y` of the points of one level, row by row.
  public func points(level: Int, size: Pair) -> [Float] {
    let stride = strides[level]
    var values: [Float] = []
    values.reserveCapacity(2 * size.h * size.w)
    for row in 0..<size.h {
      let y = (Float(row) + offset) * Float(stride.h)
      for column in 0..<size.w {
        values.append((Float(column) + offset) * Float(stride.w))
        values.append(y)
      }
    }
    return values
  }

  /// The points of all levels.
  ///
  /// - Throws: `InvalidConfig` where there are not as many feature maps as strides.
  public func points(sizes: [Pair]) throws -> [[Float]] {
    guard sizes.count == strides.count else {
      throw InvalidConfig(
        "the head has \(strides.count) strides and gets \(sizes.count) feature maps; they must agree")
    }
    return sizes.indices.map { points(level: $0, size: sizes[$0]) }
  }

  /// Which points lie within a picture of height and width `padShape`.
  public func validFlags(level: Int, size: Pair, padShape: [Int]) -> [Bool] {
    let stride = strides[level]
    let height = min((padShape[0] + stride.h - 1) / stride.h, size.h)
    let width = min((padShape[1] + stride.w - 1) / stride.w, size.w)
    return (0..<size.h).flatMap { row in (0..<size.w).map { row < height && $0 < width } }
  }
}
