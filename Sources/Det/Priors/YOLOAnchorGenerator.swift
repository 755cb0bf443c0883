import Core
import PyConfig

/// `YOLOAnchorGenerator`: boxes of given sizes around the middle of each cell.
struct YOLOAnchorGeneratorConfig: ConfigRecord {
  var strides: [Pair]
  /// For each level width and height of its boxes.
  var baseSizes: [[[Float]]]

  init(from reader: inout ConfigReader) throws {
    strides = try reader.strides()
    let sizes: [[OneOrMany<Float>]] = try reader.value("base_sizes")
    baseSizes = sizes.map { level in
      level.map { $0.wasList ? $0.elements : [$0.elements[0], $0.elements[0]] }
    }
    guard baseSizes.count == strides.count, let first = baseSizes.first?.count, first > 0,
      baseSizes.allSatisfy({ $0.count == first && $0.allSatisfy { $0.count == 2 } })
    else {
      throw reader.invalid(
        "must have as many (width, height) pairs for each of \(strides.count) strides", key: "base_sizes")
    }
  }

  func make() -> AnchorGenerator {
    let base = zip(strides, baseSizes).map { stride, sizes in
      let (x, y) = (Float(stride.w) / 2, Float(stride.h) / 2)
      return Boxes(
        sizes.map { Box(x - 0.5 * $0[0], y - 0.5 * $0[1], x + 0.5 * $0[0], y + 0.5 * $0[1]) })
    }
    return AnchorGenerator(strides: strides, baseAnchors: base)
  }
}
