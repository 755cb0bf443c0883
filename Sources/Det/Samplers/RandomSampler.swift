import Core

/// Takes positive and negative boxes at random. Mirrors mmdet's `RandomSampler`.
public struct RandomSampler: BoxSampler, ConfigRecord {
  let quota: SamplingQuota

  public init(from reader: inout ConfigReader) throws { quota = try SamplingQuota(from: &reader) }

  public func sample(
    _ assigned: AssignResult, _ boxes: Boxes, _ truths: Boxes, labels: [Int]?,
    hardness: ((_ boxes: Boxes, _ labels: [Int]) throws -> [Float])?
  ) throws -> SamplingResult {
    try quota.sample(
      assigned, boxes, truths, labels: labels, hardness: hardness, positive: RandomRule(), negative: RandomRule())
  }
}

struct RandomRule: SamplingRule {
  func positives(_ pool: inout SamplingPool, _ count: Int) -> [Int] { pool.choose(pool.positives, count) }
  func negatives(_ pool: inout SamplingPool, _ count: Int) -> [Int] { pool.choose(pool.negatives, count) }
}
