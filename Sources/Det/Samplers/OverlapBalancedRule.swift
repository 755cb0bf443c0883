import Core
import Synchronization

/// Negative boxes at random, about as many of each range of overlaps.
///
/// Pang et al., 2019 (<https://arxiv.org/abs/1904.02701>). Mirrors mmdet's `IoUBalancedNegSampler`.
final class OverlapBalancedRule: SamplingRule, ConfigRecord {
  /// From which overlap on boxes are balanced. The original sets -1 to 0 when it first samples, which from then on sets
  /// boxes without any overlap apart.
  private let floor: Mutex<Float>
  /// The share of boxes from below the floor.
  private let floorFraction: Double
  private let bins: Int

  init(from reader: inout ConfigReader) throws {
    let floor: Float = try reader.value("floor_thr", default: -1)
    guard floor >= 0 || floor == -1 else {
      throw reader.invalid("must be -1 or not negative", key: "floor_thr")
    }
    self.floor = Mutex(floor)
    floorFraction = try reader.value("floor_fraction", default: 0)
    guard (0...1).contains(floorFraction) else {
      throw reader.invalid("must be in 0...1", key: "floor_fraction")
    }
    bins = try reader.count("num_bins", default: 3, in: 1...10000)
  }

  func positives(_ pool: inout SamplingPool, _ count: Int) -> [Int] { pool.choose(pool.positives, count) }

  func negatives(_ pool: inout SamplingPool, _ count: Int) -> [Int] {
    let all = pool.negatives
    if all.count <= count { return all }
    let overlaps = pool.assigned.maxOverlaps
    let floor = floor.withLock { floor in
      defer { if floor < 0 { floor = 0 } }
      return floor
    }
    let below =
      floor < 0
      ? [] : all.filter { floor > 0 ? overlaps[$0] >= 0 && overlaps[$0] < floor : overlaps[$0] == 0 }
    let above = all.filter { floor > 0 ? overlaps[$0] >= floor : overlaps[$0] > floor }
    let wanted = Int(Double(count) * (1 - floorFraction))
    var chosen = above
    if above.count > wanted {
      chosen =
        bins > 1
        ? balanced(&pool, above, from: max(floor, 0), to: overlaps.max() ?? 0, wanted)
        : pool.choose(above, wanted)
    }
    chosen += pool.choose(below, count - chosen.count)
    return filled(&pool, chosen, from: all, count)
  }

  private func balanced(
    _ pool: inout SamplingPool, _ candidates: [Int], from low: Float, to high: Float, _ count: Int
  )
    -> [Int]
  {
    let width = (high - low) / Float(bins)
    var chosen: [Int] = []
    for bin in 0..<bins {
      let (start, end) = (low + Float(bin) * width, low + Float(bin + 1) * width)
      let members = candidates.filter {
        pool.assigned.maxOverlaps[$0] >= start && pool.assigned.maxOverlaps[$0] < end
      }
      chosen += pool.choose(members, Int(Double(count) / Double(bins)))
    }
    return filled(&pool, chosen, from: candidates, count)
  }

  /// With others at random where there are too few.
  private func filled(_ pool: inout SamplingPool, _ chosen: [Int], from all: [Int], _ count: Int) -> [Int] {
    if chosen.count >= count { return chosen }
    let taken = Set(chosen)
    return chosen + pool.choose(all.filter { !taken.contains($0) }, count - chosen.count)
  }
}
