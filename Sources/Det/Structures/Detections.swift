/// Objects found in one picture.
public struct Detections: Sendable, Equatable {
  public var boxes = Boxes()
  public var scores: [Float] = []
  /// Class indices.
  public var labels: [Int] = []
  /// One a box, of the original picture's size, where the model predicts masks.
  public var masks: [RunLengthMask]?
  /// One a mask, where the model scores masks for themselves (Mask Scoring R-CNN).
  public var maskScores: [Float]?

  /// What each pixel of the original picture belongs to, where the model tells.
  public var panoptic: PanopticMap?

  public init() {}

  public init(boxes: Boxes, scores: [Float], labels: [Int]) {
    (self.boxes, self.scores, self.labels) = (boxes, scores, labels)
  }

  public var count: Int { scores.count }
}

/// For each pixel of a picture, row by row, the class index plus 1000 times the number of the object.
public struct PanopticMap: Sendable, Equatable {
  public var height, width: Int
  public var ids: [Int32]

  public init(height: Int, width: Int, ids: [Int32]) {
    precondition(
      ids.count == height * width, "PanopticMap: must be given \(height)x\(width) numbers, found \(ids.count)"
    )
    (self.height, self.width, self.ids) = (height, width, ids)
  }

  /// Equal numbers in a row, counted.
  public var runs: [(id: Int32, count: Int)] {
    var runs: [(id: Int32, count: Int)] = []
    for id in ids {
      if let last = runs.last, last.id == id { runs[runs.count - 1].count += 1 } else { runs.append((id, 1)) }
    }
    return runs
  }
}
