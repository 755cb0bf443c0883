import Core

/// The boxes with the largest losses.
///
/// Shrivastava et al., 2016 (<https://arxiv.org/abs/1604.03540>). Mirrors mmdet's `OHEMSampler`; the second stage tells
/// the losses.
struct HardRule: SamplingRule, ConfigRecord {
  init(from reader: inout ConfigReader) throws {
    // The classification loss is the only one that the second stage tells.
    let key = try reader.value("loss_key", default: "loss_cls")
    guard key == "loss_cls" else {
      throw reader.invalid("must be 'loss_cls', found '\(key)'", key: "loss_key")
    }
  }

  func positives(_ pool: inout SamplingPool, _ count: Int) throws -> [Int] {
    let all = pool.positives
    guard all.count > count else { return all }
    guard let labels = pool.assigned.labels else {
      throw InvalidConfig("OHEMSampler needs the classes of objects")
    }
    return try hardest(pool, all, all.map { labels[$0] }, count)
  }

  /// Negative boxes have the class -1, which stands for the background.
  func negatives(_ pool: inout SamplingPool, _ count: Int) throws -> [Int] {
    let all = pool.negatives
    guard all.count > count else { return all }
    return try hardest(pool, all, [Int](repeating: -1, count: all.count), count)
  }

  private func hardest(_ pool: SamplingPool, _ candidates: [Int], _ labels: [Int], _ count: Int) throws
    -> [Int]
  {
    guard let hardness = pool.hardness else {
      throw InvalidConfig("OHEMSampler works in a second stage only, which knows the losses of boxes")
    }
    let losses = try hardness(pool.boxes[candidates], labels)
    return torchTopK(losses, count, largest: true).map { candidates[$0] }
  }
}
