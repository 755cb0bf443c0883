import Core

/// Takes every box that counts. Mirrors mmdet's `PseudoSampler`.
public struct PseudoSampler: BoxSampler {
  /// The original takes any keys and looks at none.
  struct Config: ConfigRecord {
    init(from reader: inout ConfigReader) throws { _ = reader.takeRest() }
  }

  public init() {}

  public func sample(
    _ assigned: AssignResult, _ boxes: Boxes, _ truths: Boxes, labels: [Int]?,
    hardness: ((_ boxes: Boxes, _ labels: [Int]) throws -> [Float])?
  ) -> SamplingResult {
    var (positives, negatives): ([Int], [Int]) = ([], [])
    for (index, truth) in assigned.gtIndices.enumerated() {
      if truth > 0 { positives.append(index) } else if truth == 0 { negatives.append(index) }
    }
    return SamplingResult(positives: positives, negatives: negatives, boxes, truths, assigned)
  }
}
