import Core

/// Distances of a point to the left, top, right and bottom of its box.
///
/// Tian et al., 2019 (<https://arxiv.org/abs/1904.01355>). Mirrors mmdet's `DistancePointBBoxCoder`.
public struct DistancePointBBoxCoder: BoxCoder, ConfigRecord {
  public var clipsBorder = true

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    clipsBorder = try reader.value("clip_border", default: true)
  }

  /// From the centres of the priors.
  public func encode(_ priors: Boxes, _ boxes: Boxes) -> [Float] {
    encode(priors.indices.flatMap { [priors[$0].center.x, priors[$0].center.y] }, boxes, limit: nil)
  }

  /// - Parameters:
  ///   - points: `x, y` of each.
  ///   - limit: distances are kept between 0 and a tenth below it.
  public func encode(_ points: [Float], _ boxes: Boxes, limit: Float?) -> [Float] {
    boxes.indices.flatMap { index -> [Float] in
      let (x, y, box) = (points[2 * index], points[2 * index + 1], boxes[index])
      let distances = [x - box.x1, y - box.y1, box.x2 - x, box.y2 - y]
      return limit.map { limit in distances.map { min(max($0, 0), limit - 0.1) } } ?? distances
    }
  }

  /// - Parameter priors: points `[n, 2]`.
  public func decode(_ priors: Tensor, _ codes: Tensor, maxShape: Pair?) -> Tensor {
    let boxes = Tensor.concatenate(
      [priors - codes.sliced(1, 0..<2), priors + codes.sliced(1, 2..<4)], axis: 1)
    return clipsBorder ? boxes.clipped(to: maxShape) : boxes
  }
}
