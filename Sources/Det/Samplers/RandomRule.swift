import Core

/// Boxes at random. Mirrors mmdet's `RandomSampler`.
struct RandomRule: SamplingRule, ConfigRecord {
  init() {}
  init(from reader: inout ConfigReader) throws {}

  func positives(_ pool: inout SamplingPool, _ count: Int) -> [Int] { pool.choose(pool.positives, count) }
  func negatives(_ pool: inout SamplingPool, _ count: Int) -> [Int] { pool.choose(pool.negatives, count) }
}
