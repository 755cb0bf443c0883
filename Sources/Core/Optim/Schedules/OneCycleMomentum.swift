/// Momentum that falls while the learning rate of a `OneCycleSchedule` rises, and rises again after that.
///
/// Mirrors mmcv's `OneCycleMomentumUpdaterHook`; the schedule's base value is not used.
public struct OneCycleMomentum: Sendable {
  /// Lower and upper end of the cycle: one for all groups or one a group.
  public var base: OneOrMany<Double>
  public var maximum: OneOrMany<Double>
  public var fallShare: Double
  public var annealing: Annealing
  public var hasThreePhases: Bool

  public init(from reader: inout ConfigReader) throws {
    base = try reader.value("base_momentum", default: OneOrMany([0.85], wasList: false))
    maximum = try reader.value("max_momentum", default: OneOrMany([0.95], wasList: false))
    fallShare = try reader.value("pct_start", default: 0.3)
    annealing = try reader.value("anneal_strategy", default: .cos)
    hasThreePhases = try reader.value("three_phase", default: false)
    if !(0...1).contains(fallShare) {
      throw reader.invalid("pct_start must lie in 0...1, found \(fallShare)", key: "pct_start")
    }
  }

  /// Lower and upper end for each of `count` groups.
  func ends(groups count: Int) throws -> [(low: Double, high: Double)] {
    for (name, values) in [("base_momentum", base), ("max_momentum", maximum)] {
      if values.wasList, values.elements.count != count {
        throw InvalidConfig("\(name) must have \(count) values, found \(values.elements.count)")
      }
    }
    return (0..<count).map {
      (base.elements[base.wasList ? $0 : 0], maximum.elements[maximum.wasList ? $0 : 0])
    }
  }

  func value(low: Double, high: Double, iteration: Int, total: Int) -> Double {
    let fall = fallShare * Double(total) - 1
    let last = Double(total - 1)
    let phases: [(end: Double, from: Double, to: Double)] =
      hasThreePhases
      ? [(fall, high, low), (2 * fallShare * Double(total) - 2, low, high), (last, high, high)]
      : [(fall, high, low), (last, low, high)]
    var start = 0.0
    let current = Double(iteration)
    for (index, phase) in phases.enumerated() {
      if current <= phase.end || index == phases.count - 1 {
        let length = phase.end - start
        return annealing(phase.from, phase.to, length == 0 ? 1 : (current - start) / length)
      }
      start = phase.end
    }
    return high
  }
}
