import Core

/// Positive boxes at random, about as many for each object.
///
/// Pang et al., 2019 (<https://arxiv.org/abs/1904.02701>). Mirrors mmdet's `InstanceBalancedPosSampler`.
struct InstanceBalancedRule: SamplingRule, ConfigRecord {
  init(from reader: inout ConfigReader) throws {}

  func positives(_ pool: inout SamplingPool, _ count: Int) -> [Int] {
    let all = pool.positives
    if all.count <= count { return all }
    let byTruth = Dictionary(grouping: all) { pool.assigned.gtIndices[$0] }
    let each = Int((Double(count) / Double(byTruth.count)).rounded(.toNearestOrEven) + 1)
    var chosen: [Int] = []
    for truth in byTruth.keys.sorted() { chosen += pool.choose(byTruth[truth] ?? [], each) }
    if chosen.count < count {
      // The original draws these from all positive boxes, chosen ones included.
      chosen += pool.choose(all, count - chosen.count)
    } else if chosen.count > count {
      chosen = pool.choose(chosen, count)
    }
    return chosen
  }

  func negatives(_ pool: inout SamplingPool, _ count: Int) -> [Int] { pool.choose(pool.negatives, count) }
}
