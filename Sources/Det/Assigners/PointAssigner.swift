import Core
import Foundation

/// Gives each object the points closest to its centre, on the level that fits its size.
///
/// Yang et al., 2019, section 3 (<https://arxiv.org/abs/1904.11490>). Mirrors mmdet's `PointAssigner`.
public struct PointAssigner: Assigner, ConfigRecord {
  /// Objects of this size in strides fit a level.
  public var scale: Float
  public var count: Int

  public init(from reader: inout ConfigReader) throws {
    scale = try reader.value("scale", default: 4)
    count = try reader.value("pos_num", default: 3)
    guard scale > 0 else { throw reader.invalid("must be positive, found \(scale)", key: "scale") }
    guard count > 0 else { throw reader.invalid("must be positive, found \(count)", key: "pos_num") }
  }

  /// - Parameter points: `x, y` of each; `strides` of their levels.
  public func assign(_ points: [Float], strides: [Float], _ truths: Boxes, labels: [Int]?) -> AssignResult {
    let total = strides.count
    if truths.isEmpty || total == 0 { return .background(total, labelled: labels != nil) }
    let levels = strides.map { Int(log2f($0)) }
    let (lowest, highest) = (levels.min() ?? 0, levels.max() ?? 0)
    let members = Dictionary(grouping: 0..<total) { levels[$0] }
    var indices = [Int](repeating: 0, count: total)
    var distances = [Float](repeating: .infinity, count: total)
    for (truth, box) in truths.enumerated() {
      let (x, y) = box.center
      let (width, height) = (max(box.width, 1e-6), max(box.height, 1e-6))
      let size = (log2f(width / scale) + log2f(height / scale)) / 2
      let level = min(max(size.isFinite ? Int(size) : lowest, lowest), highest)
      let candidates = members[level] ?? []
      let away = candidates.map { index -> Float in
        let (dx, dy) = ((points[2 * index] - x) / width, (points[2 * index + 1] - y) / height)
        return (dx * dx + dy * dy).squareRoot()
      }
      for nearest in torchTopK(away, count, largest: false) {
        let index = candidates[nearest]
        if away[nearest] < distances[index] {
          (indices[index], distances[index]) = (truth + 1, away[nearest])
        }
      }
    }
    return AssignResult(
      truthCount: truths.count, gtIndices: indices, maxOverlaps: [Float](repeating: 0, count: total),
      labels: AssignResult.labels(indices, labels))
  }
}
