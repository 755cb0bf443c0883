/// Which region each pixel of a picture belongs to: what panoptic models find.
public struct PanopticMap: Sendable, Equatable {
  /// In pixels.
  public var height, width: Int
  /// `[height, width]`, row by row: the label of the class, plus ``instanceOffset`` times the number of the instance, counted
  /// from 1, for things. As many as there are classes stands for none.
  public var ids: [Int32]

  public init(height: Int, width: Int, ids: [Int32]) { (self.height, self.width, self.ids) = (height, width, ids) }

  /// mmdet's `INSTANCE_OFFSET`.
  public static let instanceOffset: Int32 = 1000

  /// Runs of equal ids, row by row.
  public var runs: [(id: Int32, length: Int)] {
    var runs: [(id: Int32, length: Int)] = []
    for id in ids {
      if runs.last?.id == id { runs[runs.count - 1].length += 1 } else { runs.append((id, 1)) }
    }
    return runs
  }
}
