/// Half a cosine to the target in each of several periods.
///
/// Mirrors mmcv's policy `CosineRestart`.
public struct CosineRestartSchedule: Schedule {
  /// Lengths of the periods, in epochs or iterations.
  public var periods: [Int]
  /// How far towards the base value each period starts.
  public var restartWeights: [Double]
  public var target: AnnealingTarget

  public init(periods: [Int], restartWeights: [Double], to target: AnnealingTarget) {
    (self.periods, self.restartWeights, self.target) = (periods, restartWeights, target)
  }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    periods = try reader.value("periods")
    restartWeights = try reader.value("restart_weights", default: [1])
    if periods.count != restartWeights.count {
      throw reader.invalid(
        "periods and restart_weights must have the same length, found \(periods.count) and \(restartWeights.count)"
      )
    }
    if periods.contains(where: { $0 <= 0 || $0 > 1 << 40 }) {
      throw reader.invalid("periods must be positive, found \(periods)", key: "periods")
    }
    target = try AnnealingTarget(from: &reader, setting: quantity)
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    var start = 0
    for (period, weight) in zip(periods, restartWeights) {
      if progress.current < start + period {
        let fraction = min(Double(progress.current - start) / Double(period), 1)
        return annealCosine(base, target.of(base), fraction, weight: weight)
      }
      start += period
    }
    throw InvalidConfig(
      "the periods \(periods) end at \(start), before \(progress.byEpoch ? "epoch" : "iteration") \(progress.current)"
    )
  }
}
