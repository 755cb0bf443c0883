/// Boxes chosen for one training step, with what they stand for. Mirrors mmdet's `SamplingResult`.
public struct SamplingResult: Sendable, Equatable {
  /// Of the chosen boxes in the list sampled from (with objects' own boxes first, where these were added), ascending.
  public var posIndices, negIndices: [Int]
  public var posBoxes, negBoxes: Boxes
  /// For each positive box whether it is an object's own.
  public var posIsTruth: [Bool]
  public var truthCount: Int
  /// How many objects' own boxes were added to the list sampled from.
  public var addedTruths: Int
  /// For each positive box the index of its object, its object's box and, where classes are known, its class.
  public var posTruthIndices: [Int]
  public var posTruthBoxes: Boxes
  public var posLabels: [Int]?

  public init(
    positives: [Int], negatives: [Int], _ boxes: Boxes, _ truths: Boxes, _ assigned: AssignResult,
    addedTruths: Int = 0
  ) {
    (posIndices, negIndices) = (positives, negatives)
    (posBoxes, negBoxes) = (boxes[positives], boxes[negatives])
    posIsTruth = positives.map { $0 < addedTruths }
    (truthCount, self.addedTruths) = (truths.count, addedTruths)
    posTruthIndices = positives.map { assigned.gtIndices[$0] - 1 }
    posTruthBoxes = truths[posTruthIndices]
    posLabels = assigned.labels.map { labels in positives.map { labels[$0] } }
  }

  /// The positive boxes, then the negative ones.
  public var boxes: Boxes {
    var boxes = posBoxes
    boxes.append(contentsOf: negBoxes)
    return boxes
  }
}
