/// Overlaps of boxes in 32 bits: mmdet's `bbox_overlaps` for evaluation.
enum BoxOverlaps {
  enum Mode: Sendable {
    /// Over the area of both together.
    case union
    /// Over the area of the first box.
    case first
  }

  /// `[first, second]`, row by row.
  /// - Parameter extra: added to widths and heights: 1 where pixels at the right and bottom edges belong to boxes
  ///   (VOC), else 0.
  static func matrix(_ first: Boxes, _ second: Boxes, _ mode: Mode = .union, extra: Float = 0) -> [Float] {
    var overlaps: [Float] = []
    overlaps.reserveCapacity(first.count * second.count)
    let areas = second.indices.map { area(second[$0], extra) }
    for row in first.indices {
      let a = first[row]
      let rowArea = area(a, extra)
      for column in second.indices {
        let b = second[column]
        let width = min(a.x2, b.x2) - max(a.x1, b.x1) + extra
        let height = min(a.y2, b.y2) - max(a.y1, b.y1) + extra
        let overlap = max(width, 0) * max(height, 0)
        let whole = mode == .first ? rowArea : rowArea + areas[column] - overlap
        overlaps.append(overlap / max(whole, 1e-6))
      }
    }
    return overlaps
  }

  static func area(_ box: Box, _ extra: Float) -> Float { (box.width + extra) * (box.height + extra) }
}
