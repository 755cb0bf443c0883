import CKernels

/// Work on boxes on the host that takes time: all pairs of two lists. Boxes are `x1, y1, x2, y2` one after the other.
public enum BoxKernels {
  public enum Overlap: Sendable {
    /// Intersection over union, over the first box, and generalised (<https://arxiv.org/abs/1902.09630>).
    case iou, iof, giou

    fileprivate var kernel: mm_overlap {
      switch self {
      case .iou: MM_OVERLAP_IOU
      case .iof: MM_OVERLAP_IOF
      case .giou: MM_OVERLAP_GIOU
      }
    }
  }

  /// How much each box of `a` overlaps each of `b`, row by row; denominators are at least `epsilon`.
  public static func overlaps(_ a: [Float], _ b: [Float], _ overlap: Overlap = .iou, epsilon: Float = 1e-6)
    -> [Float]
  {
    let (rows, columns) = (count(a), count(b))
    return [Float](unsafeUninitializedCapacity: rows * columns) { out, filled in
      if rows * columns > 0, let out = out.baseAddress {
        mm_box_overlaps(overlap.kernel, epsilon, rows, a, columns, b, out)
      }
      filled = rows * columns
    }
  }

  /// The best partner of each box in another list.
  public struct Match: Sendable {
    public var overlaps: [Float]
    /// The first of equals.
    public var indices: [Int32]
  }

  /// For each box of `b` the box of `a` that overlaps it most, and the reverse. Where `ignored` holds overlaps are -1.
  ///
  /// - Precondition: both lists have boxes.
  public static func match(_ a: [Float], _ b: [Float], ignored: [Bool]? = nil, epsilon: Float = 1e-6) -> (
    ofColumns: Match, ofRows: Match
  ) {
    let (rows, columns) = (count(a), count(b))
    precondition(
      rows > 0 && columns > 0, "BoxKernels.match: boxes in both lists, found \(rows) and \(columns)")
    var (best, which) = ([Float](repeating: 0, count: columns), [Int32](repeating: 0, count: columns))
    var (rowBest, rowWhich) = ([Float](repeating: 0, count: rows), [Int32](repeating: 0, count: rows))
    let flags = bytes(ignored, count: columns)
    mm_box_match(epsilon, rows, a, columns, b, flags, &best, &which, &rowBest, &rowWhich)
    return (Match(overlaps: best, indices: which), Match(overlaps: rowBest, indices: rowWhich))
  }

  /// For each box of `b` the last box of `a` for which it is among the best (overlap equal to `best`, which is at least
  /// `least`); -1 where there is none.
  public static func bestPartners(
    _ a: [Float], _ b: [Float], best: [Float], least: Float, ignored: [Bool]? = nil, epsilon: Float = 1e-6
  ) -> [Int32] {
    let (rows, columns) = (count(a), count(b))
    precondition(
      best.count == rows, "BoxKernels.bestPartners: a value for each of \(rows) boxes, found \(best.count)")
    var which = [Int32](repeating: -1, count: columns)
    if rows * columns > 0 {
      mm_box_match_best(epsilon, rows, a, columns, b, bytes(ignored, count: columns), best, least, &which)
    }
    return which
  }

  /// Greedy suppression: which boxes, given in order of score, no kept box before them overlaps by more than `threshold`.
  public static func suppress(_ boxes: [Float], threshold: Float, offset: Float = 0) -> [Bool] {
    let n = count(boxes)
    var keep = [UInt8](repeating: 1, count: n)
    if n > 0 { mm_box_suppress(n, boxes, threshold, offset, &keep) }
    return keep.map { $0 != 0 }
  }

  private static func bytes(_ flags: [Bool]?, count: Int) -> [UInt8]? {
    precondition(flags.map { $0.count == count } ?? true, "BoxKernels: a flag for each of \(count) boxes")
    return flags?.map { $0 ? 1 : 0 }
  }

  private static func count(_ boxes: [Float]) -> Int {
    precondition(boxes.count % 4 == 0, "BoxKernels: four numbers a box, found \(boxes.count)")
    return boxes.count / 4
  }
}
