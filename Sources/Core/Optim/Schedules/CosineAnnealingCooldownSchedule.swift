/// Half a cosine to the target, then a short time at a fraction of the target.
///
/// Mirrors mmcls's policy `CosineAnnealingCooldown`.
public struct CosineAnnealingCooldownSchedule: Schedule {
  public var target: AnnealingTarget
  /// The share of the target that is used in the end.
  public var cooldownRatio: Double
  /// How many epochs or iterations the end lasts.
  public var cooldownTime: Int

  public init(to target: AnnealingTarget, cooldownRatio: Double = 0.1, cooldownTime: Int = 10) {
    (self.target, self.cooldownRatio, self.cooldownTime) = (target, cooldownRatio, cooldownTime)
  }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    target = try AnnealingTarget(from: &reader, setting: quantity)
    cooldownRatio = try reader.value("cool_down_ratio", default: 0.1)
    cooldownTime = try reader.value("cool_down_time", default: 10)
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    let annealed = try progress.total() - cooldownTime
    if progress.current > annealed { return target.of(base) * cooldownRatio }
    guard annealed != 0 else {
      throw InvalidConfig("cool_down_time (\(cooldownTime)) must be shorter than the run")
    }
    return annealCosine(base, target.of(base), Double(progress.current) / Double(annealed))
  }
}
