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
  /// The regions of the original picture, where the model divides it up.
  public var panoptic: PanopticMap?

  public init() {}

  public init(boxes: Boxes, scores: [Float], labels: [Int]) {
    (self.boxes, self.scores, self.labels) = (boxes, scores, labels)
  }

  public var count: Int { scores.count }
}
